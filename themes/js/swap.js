// <form method="post" data-swap=".boxes"> is sent without leaving the page: that part of the answered page replaces
// ours, focus stays on the same button, and the answer's status sentence is announced. Without this the form just posts.
async function send(form, button) {
	const body = new URLSearchParams(new FormData(form, button));
	const response = await fetch(form.action, {method: 'POST', body});
	const page = new DOMParser().parseFromString(await response.text(), 'text/html');
	const fresh = page.querySelector(form.dataset.swap);
	if (!response.ok || !fresh) throw new Error(response.status);
	const selector = sameButton(form, button);
	const near = form.closest('.box')?.nextElementSibling?.querySelector('[id]')?.id;
	document.querySelector(form.dataset.swap).replaceWith(fresh);
	refocus(fresh, selector, near);
	const sentence = page.querySelector('.toast p');
	if (sentence) document.dispatchEvent(new CustomEvent('parvis:status', {detail: sentence.textContent}));
	document.dispatchEvent(new Event('parvis:swapped'));
}

function sameButton(form, button) {
	if (button?.id) return '#' + CSS.escape(button.id);
	const action = `form[action="${CSS.escape(form.getAttribute('action'))}"]`;
	return button?.name ? `${action} [name="${CSS.escape(button.name)}"][value="${CSS.escape(button.value)}"]` : `${action} button`;
}

// The button may have left with its box, or be useless at the end of the list: then the box's title, or the next box's.
function refocus(fresh, selector, near) {
	const button = fresh.querySelector(selector);
	const target = button && !button.disabled ? button
		: button?.closest('.box')?.querySelector('.box-edit button:not(:disabled)') ?? document.getElementById(near) ?? fresh;
	if (!target.matches('a, button, input')) target.tabIndex = -1;
	target.focus({preventScroll: !!button});
	target.scrollIntoView({block: 'nearest'});
}

document.addEventListener('submit', event => {
	const form = event.target;
	if (!form.dataset?.swap || event.defaultPrevented) return;
	event.preventDefault();
	send(form, event.submitter).catch(() => {
		delete form.dataset.swap; // whatever went wrong, the plain way shows it
		form.requestSubmit(event.submitter);
	});
});
