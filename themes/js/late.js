// Late boxes: <section class="box" data-late="/boxes/mail" aria-busy="true"> is replaced by the fragment at its address,
// one <section>. A box that stays late is asked for again; one that can't be had keeps its link and stops looking busy.
const pauses = [0, 1500, 4000];

async function fill(box, tries = 0) {
	try {
		const response = await fetch(box.dataset.late, {headers: {Accept: 'text/html'}});
		if (response.redirected || !response.ok) throw new Error(response.status);
		const page = new DOMParser().parseFromString(await response.text(), 'text/html');
		const fresh = page.querySelector('section');
		if (!fresh) throw new Error('no box');
		const focused = box.contains(document.activeElement);
		box.replaceWith(fresh);
		if (focused) fresh.querySelector('a, button')?.focus();
		if (fresh.dataset.late) again(fresh, tries);
	} catch {
		again(box, tries);
	}
}

function again(box, tries) {
	if (tries + 1 < pauses.length) setTimeout(fill, pauses[tries + 1], box, tries + 1);
	else box.removeAttribute('aria-busy');
}

for (const box of document.querySelectorAll('[data-late]')) fill(box);
