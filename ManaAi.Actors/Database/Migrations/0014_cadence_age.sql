-- A cadence that was written after nextRunAt says nothing about the hour at which that one was meant to be: then a mission's
-- zone is not read off its nextRunAt. Fields without a time of their own have generation 1's floor.
create function mana_ai.is_cadence_newer(record jsonb, field_times jsonb, is_generation_one boolean) returns boolean
    language sql immutable parallel safe as $$
    select coalesce($2 ->> 'nextRunAt', case when $3 then coalesce($1 ->> 'updatedAt', '') else '' end) collate "C"
         < coalesce($2 ->> 'cadence', case when $3 then coalesce($1 ->> 'updatedAt', '') else '' end) collate "C"
$$;
