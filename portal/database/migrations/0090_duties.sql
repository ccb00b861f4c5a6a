-- +goose Up

-- On-call duties (astreintes): who is called, outside of working hours.
CREATE TABLE duty_teams (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	name         TEXT NOT NULL,
	kind         TEXT NOT NULL,           -- 'operation', 'security' or 'decision'
	unit         TEXT NOT NULL,           -- '' for none
	handover_day BIGINT NOT NULL,         -- 0 is Sunday
	handover_at  BIGINT NOT NULL,         -- minutes after midnight in the collectivity's zone, as the two below
	morning      BIGINT NOT NULL,         -- when the working day begins, and a night ends
	evening      BIGINT NOT NULL,         -- when the working day ends, and a night begins
	phones       TEXT NOT NULL,           -- who reads its numbers: 'everyone', or 'team' for its members and managers
	swaps_raise  BOOLEAN NOT NULL,        -- a swap agreed late is paid as a duty told late
	active       BOOLEAN NOT NULL,        -- FALSE: nobody is on call there any more
	turn         BIGINT NOT NULL,         -- of its decisions: who writes it decides alone
	created      BIGINT NOT NULL,
	modified     BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);

-- Who plans the duties of a team, beside those who plan all.
CREATE TABLE duty_managers (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	team         TEXT NOT NULL,
	agent        TEXT NOT NULL,
	PRIMARY KEY (collectivity, team, agent)
);
CREATE INDEX duty_managers_by_agent ON duty_managers (collectivity, agent);

-- Who takes turns, in that order.
CREATE TABLE duty_members (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	team         TEXT NOT NULL,
	agent        TEXT NOT NULL,
	position     BIGINT NOT NULL,
	phone        TEXT NOT NULL,           -- that is called, as typed; '' for none
	PRIMARY KEY (collectivity, team, agent)
);
CREATE INDEX duty_members_by_agent ON duty_members (collectivity, agent);

-- Who is on call when. Those of one level of a team never overlap, and none is longer than 31 days.
CREATE TABLE duty_periods (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	team         TEXT NOT NULL,
	level        BIGINT NOT NULL,         -- 1 is called first
	agent        TEXT NOT NULL,
	starts       BIGINT NOT NULL,
	ends         BIGINT NOT NULL,         -- half-open
	told         BIGINT NOT NULL,         -- when the agent was told
	origin       TEXT NOT NULL,           -- 'rota', 'hand' or 'swap'
	root         TEXT NOT NULL,           -- period that it was a part of before a swap, or its own id
	modified     BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX duty_periods_by_start ON duty_periods (collectivity, starts);
CREATE INDEX duty_periods_by_team ON duty_periods (collectivity, team, level, starts);
CREATE INDEX duty_periods_by_agent ON duty_periods (collectivity, agent, starts);

-- What an agent asked a colleague to take over, and what became of it.
CREATE TABLE duty_swaps (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	team         TEXT NOT NULL,
	period       TEXT NOT NULL,           -- of which it is a part
	level        BIGINT NOT NULL,
	giver        TEXT NOT NULL,           -- agent
	taker        TEXT NOT NULL,           -- agent
	starts       BIGINT NOT NULL,
	ends         BIGINT NOT NULL,
	state        TEXT NOT NULL,           -- 'offered', 'accepted', 'refused', 'withdrawn', 'undone', 'void'
	told         BIGINT NOT NULL,         -- when the giver was told of her duty
	message      TEXT NOT NULL,
	asked        BIGINT NOT NULL,
	answered     BIGINT NOT NULL,         -- 0: not yet
	decided_by   TEXT NOT NULL,           -- agent who undid it or did it again, '' for none
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX duty_swaps_by_taker ON duty_swaps (collectivity, taker, state);
CREATE INDEX duty_swaps_by_giver ON duty_swaps (collectivity, giver, state);
CREATE INDEX duty_swaps_by_team ON duty_swaps (collectivity, team, starts);

-- What an agent is told of her duties, until she says that she read it.
CREATE TABLE duty_notices (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,
	kind         TEXT NOT NULL,           -- 'assigned', 'moved', 'removed', 'accepted', …
	team         TEXT NOT NULL,
	giver        TEXT NOT NULL,           -- agents of a swap, '' for none
	taker        TEXT NOT NULL,
	starts       BIGINT NOT NULL,
	ends         BIGINT NOT NULL,
	periods      BIGINT NOT NULL,         -- how many it is about
	made         BIGINT NOT NULL,
	seen         BIGINT NOT NULL,         -- 0: not yet
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX duty_notices_by_agent ON duty_notices (collectivity, agent, seen);

-- +goose Down
DROP TABLE duty_notices;
DROP TABLE duty_swaps;
DROP TABLE duty_periods;
DROP TABLE duty_members;
DROP TABLE duty_managers;
DROP TABLE duty_teams;
