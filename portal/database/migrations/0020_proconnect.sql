-- +goose Up

-- The establishment that a collectivity is, beside its SIREN: what ProConnect says
-- of its agents, and what we say of them to ProConnect. '' when unknown.
ALTER TABLE collectivities ADD COLUMN siret TEXT NOT NULL DEFAULT '';

-- A second factor that the issuer of the collectivity asked for counts as one of
-- ours, when its administrator says so.
ALTER TABLE sso_policies ADD COLUMN issuer BOOLEAN NOT NULL DEFAULT FALSE;

-- What the issuer of 'home' says that its person proved, 'pwd otp mfa'. Apart from
-- 'factors', which we saw ourselves: it counts in that collectivity and in no other.
ALTER TABLE sessions ADD COLUMN vouched TEXT NOT NULL DEFAULT '';
