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

-- The networks inside of ours that the settings of a collectivity may lead to, beyond
-- public addresses.
CREATE TABLE collectivity_networks (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	network      TEXT NOT NULL, -- '10.1.2.0/24'
	PRIMARY KEY (collectivity, network)
);
