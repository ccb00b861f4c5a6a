// The one polite status line: says the result of what the person did, and lets it be closed.
// Other modules speak through it: document.dispatchEvent(new CustomEvent('parvis:status', {detail: 'Agenda, position 2'})), or with elements.
const toast = document.querySelector('.toast');

function show(nodes) {
	const close = document.createElement('button');
	close.className = 'button quiet';
	close.type = 'button';
	close.textContent = toast.dataset.close;
	close.addEventListener('click', () => toast.replaceChildren());
	toast.replaceChildren(...nodes, close);
}

if (toast) {
	// A sentence already in the page isn't announced: screen readers speak of changes only.
	const given = [...toast.children];
	if (given.length) {
		toast.replaceChildren();
		setTimeout(show, 100, given);
	}
	document.addEventListener('parvis:status', event => {
		if (typeof event.detail !== 'string') return show(event.detail); // the nodes of another page's line
		const sentence = document.createElement('p');
		sentence.textContent = event.detail;
		show([sentence]);
	});
	document.addEventListener('keydown', event => {
		if (event.key === 'Escape' && !event.defaultPrevented) toast.replaceChildren();
	});
}
