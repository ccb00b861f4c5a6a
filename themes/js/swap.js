// <form method="post" data-swap=".boxes, .tools"> is sent without leaving the page: these parts of the answered page
// replace ours, focus stays on the same button in the first one, and the answer's status line is announced with its way
// back. Without this the form just posts.
let last = Promise.resolve(); // one at a time: answers must not overtake each other

async function send({action, body, parts, button, near}) {
	const response = await fetch(action, {method: 'POST', body});
	const page = new DOMParser().parseFromString(await response.text(), 'text/html');
	const fresh = parts.map(part => page.querySelector(part));
	if (!response.ok) throw new Error(response.status);
	if (!fresh.every(Boolean)) return location.assign(response.url); // the session has ended, or the server leads elsewhere
	const said = page.querySelectorAll('.toast > *');
	parts.forEach((part, i) => document.querySelector(part).replaceWith(fresh[i]));
	refocus(fresh[0], button, near);
	if (said.length) document.dispatchEvent(new CustomEvent('parvis:status', {detail: said}));
	document.dispatchEvent(new Event('parvis:swapped'));
}

// A selector that finds the same button in the answer.
function sameButton(form, button) {
	if (button?.id) return '#' + CSS.escape(button.id);
	const action = `form[action="${CSS.escape(form.getAttribute('action'))}"]`;
	return button?.name ? `${action} [name="${CSS.escape(button.name)}"][value="${CSS.escape(button.value)}"]` : `${action} button`;
}

// The button may have left with its box, or be useless at the end of the list: then its neighbour, then the next box's title.
function refocus(fresh, selector, near) {
	const button = fresh.querySelector(selector);
	const target = button && !button.disabled ? button
		: button?.closest('.box')?.querySelector('.box-edit button:not(:disabled)') ?? document.getElementById(near) ?? fresh;
	if (!target.matches('a, button, input')) target.tabIndex = -1;
	target.focus({preventScroll: true});
	target.scrollIntoView({block: 'nearest'});
}

document.addEventListener('submit', event => {
	const form = event.target, submitter = event.submitter;
	if (!form.dataset.swap || event.defaultPrevented) return;
	event.preventDefault();
	const order = {
		action: form.getAttribute('action'),
		body: new URLSearchParams(new FormData(form, submitter)),
		parts: form.dataset.swap.split(', '),
		button: sameButton(form, submitter),
		near: form.closest('.box, .items > li')?.nextElementSibling?.querySelector('[id]')?.id,
	};
	last = last.then(() => send(order)).catch(() => {
		delete form.dataset.swap; // whatever went wrong, the plain way shows it
		if (form.isConnected) form.requestSubmit(submitter);
		else location.reload();
	});
});
