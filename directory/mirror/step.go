package mirror

import (
	"maps"
	"slices"

	"parvis/directory"
	"parvis/portal"
)

// stepSize is how many people are written in one transaction: some fifty milliseconds, so
// that others write between two of them.
const stepSize = 200

// step is a part of a plan that is written whole. What is read between two steps is right:
// nobody is written by halves, and who manages somebody is there before her.
type step struct {
	made  directory.Mirroring
	lines []placed
	left  string // fingerprint of who leaves in the steps after it
	last  bool
}

// placed is a line with its position among those of its plan.
type placed struct {
	Line
	position int
}

// one is all that is written of a person at once.
type one struct {
	agent  portal.AgentID
	create *directory.Agent
	change *directory.Agent
	close  *directory.Closing
	reopen bool
	ties   []directory.Mirrored
}

// steps divides a plan: what people are placed in first, then who leaves, who comes and who
// changes, who is in which group, and at last what says that all was done.
func (p *Plan) steps(size int) []step {
	made := p.Mirroring
	people := p.byPerson()
	if len(people)+len(made.Join)+len(made.Leave) <= size {
		whole := step{made: made, last: true}
		whole.made.Detail = detailOf(p.Counts)
		for i, line := range p.Lines {
			whole.lines = append(whole.lines, placed{line, i})
		}
		return []step{whole}
	}
	empty := directory.Mirroring{Administration: made.Administration}
	first := step{made: empty}
	first.made.Units, first.made.Groups, first.made.UnitOf = made.Units, made.Groups, made.UnitOf
	first.made.GroupOf = map[string]directory.MirroredGroup{}
	for key, group := range made.GroupOf {
		group.Version = "" // until its members are in
		first.made.GroupOf[key] = group
	}
	steps := []step{first}
	at := map[portal.AgentID]int{} // step of an agent
	for some := range slices.Chunk(people, size) {
		part := step{made: empty}
		for _, one := range some {
			at[one.agent] = len(steps)
			one.into(&part.made)
		}
		steps = append(steps, part)
	}
	for some := range slices.Chunk(made.Join, size) {
		part := step{made: empty}
		part.made.Join = some
		steps = append(steps, part)
	}
	for some := range slices.Chunk(made.Leave, size) {
		part := step{made: empty}
		part.made.Leave = some
		steps = append(steps, part)
	}
	last := step{made: empty, last: true}
	last.made.GroupOf = made.GroupOf
	steps = append(steps, last)
	p.place(steps, at)
	p.foresee(steps)
	return steps
}

// into adds what is written of a person.
func (o *one) into(made *directory.Mirroring) {
	if o.create != nil {
		made.Create = append(made.Create, *o.create)
	}
	if o.change != nil {
		made.Change = append(made.Change, *o.change)
	}
	if o.close != nil {
		made.Close = append(made.Close, *o.close)
	}
	if o.reopen {
		made.Reopen = append(made.Reopen, o.agent)
	}
	made.People = append(made.People, o.ties...)
}

// byPerson gathers what is written of each person: who leaves first and makes room, then
// who comes, those who manage before those whom they manage.
func (p *Plan) byPerson() []*one {
	var all []*one
	by := map[portal.AgentID]*one{}
	of := func(agent portal.AgentID) *one {
		if by[agent] == nil || agent == "" { // entries that are nobody yet are each by itself
			by[agent] = &one{agent: agent}
			all = append(all, by[agent])
		}
		return by[agent]
	}
	made := &p.Mirroring
	created := map[portal.AgentID]*directory.Agent{}
	for i := range made.Create {
		created[made.Create[i].ID] = &made.Create[i]
	}
	var come func(agent *directory.Agent)
	come = func(agent *directory.Agent) {
		if by[agent.ID] != nil {
			return
		}
		if manager := created[agent.Manager]; manager != nil && agent.Manager != agent.ID {
			come(manager) // they do not go in circles: the planner refuses that
		}
		of(agent.ID).create = agent
	}
	for i := range made.Create {
		come(&made.Create[i])
	}
	for i := range made.Change {
		of(made.Change[i].ID).change = &made.Change[i]
	}
	for _, id := range made.Reopen {
		of(id).reopen = true
	}
	for i := range made.Close {
		of(made.Close[i].Agent).close = &made.Close[i]
	}
	for _, tie := range made.People {
		it := of(tie.Agent)
		it.ties = append(it.ties, tie)
	}
	slices.SortStableFunc(all, func(a, b *one) int { return a.when() - b.when() })
	return all
}

// when is before whom a person is written.
func (o *one) when() int {
	if o.close != nil {
		return 0
	}
	return 1
}

// place puts each line into the step that does what it tells.
func (p *Plan) place(steps []step, at map[portal.AgentID]int) {
	counts := make([]map[Kind]int, len(steps))
	for i := range counts {
		counts[i] = map[Kind]int{}
	}
	for i, line := range p.Lines {
		where, known := at[line.Agent]
		switch {
		case line.Kind == Units || line.Kind == Groups:
			where = 0
		case !known || line.Agent == "" || line.Kind == Link:
			where = len(steps) - 1
		}
		steps[where].lines = append(steps[where].lines, placed{line, i})
		counts[where][line.Kind]++
	}
	for i := range steps {
		steps[i].made.Detail = detailOf(counts[i])
	}
}

// foresee notes at each step who comes and who leaves after it.
func (p *Plan) foresee(steps []step) {
	rest := *p
	rest.Mirroring = directory.Mirroring{}
	rest.emptied = maps.Clone(p.emptied)
	coming := 0
	for i := range slices.Backward(steps) {
		made := &steps[i].made
		made.Coming, made.Further = max(coming, 0), !steps[i].last
		coming += len(made.Create) + len(made.Reopen) - len(made.Close)
	}
	if !p.Asks {
		return
	}
	rest.Mirroring.Close, rest.Mirroring.Leave = leavers(steps)
	for i := range steps {
		made := &steps[i].made
		rest.Mirroring.Close = rest.Mirroring.Close[len(made.Close):]
		rest.Mirroring.Leave = rest.Mirroring.Leave[len(made.Leave):]
		for _, agent := range made.Change {
			delete(rest.emptied, agent.ID)
		}
		rest.tied -= len(made.Close)
		steps[i].left = rest.leaving()
	}
}

// leavers are who leaves, in the order of the steps.
func leavers(steps []step) (closings []directory.Closing, members []directory.GroupMember) {
	for i := range steps {
		closings = append(closings, steps[i].made.Close...)
		members = append(members, steps[i].made.Leave...)
	}
	return closings, members
}
