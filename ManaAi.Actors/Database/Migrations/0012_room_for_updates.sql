-- A mission's row has some 1,600 bytes. What fillfactor kept free of a page was too little for another of them, so nearly
-- each edit wrote to every index; a quarter of the page is enough. Pages take it on as they are filled anew.
alter table mana_ai.missions set (fillfactor = 75);
