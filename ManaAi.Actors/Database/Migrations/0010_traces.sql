-- Which tick opened a run, for whoever follows it from there to its claims, on whichever node: the tick's span, as a W3C
-- traceparent. Null where nobody traced it.
alter table mana_ai.runs add column opened_by text;
