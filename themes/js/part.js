// <a href="…" data-part="#p-roads" data-from="…">: what the address answers for that part stands in its place, without
// leaving the page; so does opening the <details> that holds it first. Without this the link leads to the whole page.
async function load(link) {
	const {part, from} = link.dataset;
	const response = await fetch(from);
	const page = new DOMParser().parseFromString(await response.text(), 'text/html');
	const fresh = page.querySelector(part);
	if (!response.ok || !fresh) return location.assign(link.href);
	const focused = document.activeElement === link;
	document.querySelector(part).replaceWith(fresh);
	if (focused) fresh.querySelector('a')?.focus();
}

document.addEventListener('click', event => {
	const {target} = event;
	const link = target.closest('[data-part]');
	if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
		event.preventDefault();
		return load(link).catch(() => location.assign(link.href));
	}
	const opened = target.closest('summary')?.parentElement;
	const inside = opened && !opened.open && opened.querySelector(':scope > :not(details) [data-part]');
	if (inside && !opened.querySelector(':scope > ul')) load(inside).catch(() => {}); // the link is there
});
