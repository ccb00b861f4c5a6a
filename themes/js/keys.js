// Ctrl+K (or ⌘K) goes to the search field; Escape and a click elsewhere close an open menu.
document.addEventListener('keydown', event => {
	if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
		const field = document.getElementById('search');
		if (!field) return;
		event.preventDefault();
		field.focus();
		field.select();
	}
	if (event.key === 'Escape') {
		const menu = document.querySelector('details.menu[open]');
		if (!menu) return;
		event.preventDefault();
		menu.open = false;
		menu.querySelector('summary').focus();
	}
});

document.addEventListener('click', event => {
	for (const menu of document.querySelectorAll('details.menu[open]')) {
		if (!menu.contains(event.target)) menu.open = false;
	}
});

// A refused form: the reader goes to the summary first.
document.querySelector('.summary')?.focus();
