// Events follow the mouse to another day or hour, as an extra to their form: <table data-agenda> holds <a data-move href="/calendar/events/…?at=…">;
// a column or a cell tells its data-date, a row its data-time. At the drop, to=2026-12-01T14:30 is posted to the event's /move.
let moved = null;
let grabbed = 0; // how far below its first line an event was taken
let target = null;

const inside = (box, x, y) => (x === null || box.left <= x && x < box.right) && (y === null || box.top <= y && y < box.bottom);

// Where the pointer is: a day, with an hour where rows have one, and what to mark.
function aim(table, x, y) {
	const cell = [...table.querySelectorAll('td[data-date]')].find(td => inside(td.getBoundingClientRect(), x, y));
	if (cell) return {to: cell.dataset.date, marks: [cell]};
	const column = [...table.querySelectorAll('th[data-date]')].find(th => inside(th.getBoundingClientRect(), x, null));
	if (!column) return null;
	const row = [...table.tBodies[0].rows].find(tr => inside(tr.getBoundingClientRect(), null, y));
	if (!row) return null;
	const time = row.dataset.time;
	return {to: column.dataset.date + (time ? 'T' + time : ''), marks: [column, row.cells[0]]};
}

function mark(next) {
	for (const one of target?.marks ?? []) one.classList.remove('over');
	target = next;
	for (const one of target?.marks ?? []) one.classList.add('over');
}

document.addEventListener('dragstart', event => {
	moved = event.target.closest?.('[data-agenda] a[data-move]') ?? null;
	if (!moved) return;
	event.dataTransfer.effectAllowed = 'move';
	const row = moved.closest('tr');
	grabbed = row.dataset.time ? event.clientY - moved.getBoundingClientRect().top : 0;
	moved.classList.add('held');
});

document.addEventListener('dragover', event => {
	const table = moved && event.target.closest?.('[data-agenda]');
	if (!table || table !== moved.closest('[data-agenda]')) return moved && mark(null);
	mark(aim(table, event.clientX, event.clientY - grabbed + 4)); // a little below the edge of its first row
	if (target) event.preventDefault();
});

document.addEventListener('drop', event => {
	if (!moved || !target) return;
	event.preventDefault();
	const from = new URL(moved.href);
	const form = document.createElement('form');
	form.method = 'post';
	form.action = from.pathname + '/move';
	form.hidden = true;
	for (const [name, value] of [['to', target.to], ['at', from.searchParams.get('at') ?? ''], ['next', location.pathname + location.search]]) {
		const input = document.createElement('input');
		input.type = 'hidden';
		input.name = name;
		input.value = value;
		form.append(input);
	}
	document.body.append(form);
	form.requestSubmit();
});

document.addEventListener('dragend', () => {
	moved?.classList.remove('held');
	mark(null);
	moved = null;
});
