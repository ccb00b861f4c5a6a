// Boxes follow the mouse by their handle, as an extra to the buttons: <div class="boxes" data-move="/home/move"> holds
// <section class="box" data-box="mail">; at the drop, box=mail and position=3 (from 1) are posted there.
let held = null;

function prepare() {
	for (const box of document.querySelectorAll('.boxes[data-move] > [data-box]:not([data-fixed])')) {
		const head = box.querySelector('.box-head');
		if (!head || head.querySelector('.grip')) continue;
		const grip = document.createElement('span');
		grip.className = 'grip';
		grip.setAttribute('aria-hidden', 'true');
		grip.draggable = true;
		head.append(grip);
	}
}

document.addEventListener('dragstart', event => {
	held = event.target.closest?.('.grip')?.closest('.box') ?? null;
	if (!held) return;
	event.dataTransfer.effectAllowed = 'move';
	event.dataTransfer.setData('text/plain', held.dataset.box);
	event.dataTransfer.setDragImage(held, 20, 20);
	held.classList.add('held');
});

document.addEventListener('dragover', event => {
	const over = held && event.target.closest('.boxes > .box:not([data-fixed])');
	if (!over || over.parentNode !== held.parentNode) return;
	event.preventDefault();
	if (over === held) return;
	const after = held.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
	over[after ? 'after' : 'before'](held);
});

document.addEventListener('drop', event => {
	if (held) event.preventDefault();
});

document.addEventListener('dragend', () => {
	if (!held) return;
	held.classList.remove('held');
	const boxes = held.parentNode;
	const form = document.createElement('form');
	form.method = 'post';
	form.action = boxes.dataset.move;
	form.dataset.swap = '.boxes';
	form.hidden = true;
	const position = [...boxes.querySelectorAll(':scope > .box')].indexOf(held) + 1;
	for (const [name, value] of [['box', held.dataset.box], ['position', position]]) {
		const input = document.createElement('input');
		input.type = 'hidden';
		input.name = name;
		input.value = value;
		form.append(input);
	}
	held = null;
	document.body.append(form);
	document.addEventListener('parvis:swapped', () => form.remove(), {once: true});
	form.requestSubmit();
});

document.addEventListener('parvis:swapped', prepare);
prepare();
