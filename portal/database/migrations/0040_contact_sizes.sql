-- +goose Up

-- What a book holds, so that a card that is written counts no others.
ALTER TABLE contact_books ADD COLUMN cards BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact_books ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0; -- of all cards

UPDATE contact_books SET
	cards = (SELECT COUNT(*) FROM contacts c WHERE c.collectivity = contact_books.collectivity AND c.agent = contact_books.agent),
	bytes = (SELECT COALESCE(SUM(c.size), 0) FROM contacts c WHERE c.collectivity = contact_books.collectivity AND c.agent = contact_books.agent);
