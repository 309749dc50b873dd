-- Whether someone paused a mission is asked for every run that may be claimed. In SQL the body was planned anew for every
-- statement that asked; here each session keeps its plan.
create or replace function mana_ai.paused_until(text, text) returns timestamptz
    language plpgsql stable as $$
begin
    return (select max(coalesce(p.until, 'infinity'))
              from mana_ai.pauses p
             where p.user_id = $1 and p.mission_id in ('', $2) and (p.until is null or p.until > now()));
end $$;
