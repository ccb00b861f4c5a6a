-- +goose Up

-- How much a collectivity may hold, by kind: 'documents' in bytes, 'agents',
-- 'subscriptions', 'letters' a day. The pool's bound holds for who has none of her own;
-- no row in either is without bound, and so is -1.
CREATE TABLE pool_quotas (
	kind  TEXT   PRIMARY KEY,
	bound BIGINT NOT NULL
);
CREATE TABLE collectivity_quotas (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	kind         TEXT   NOT NULL,
	bound        BIGINT NOT NULL,
	PRIMARY KEY (collectivity, kind)
);
