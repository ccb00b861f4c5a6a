// <input data-preview="#look">: while one types or chooses, what the address answers for the form's values stands in
// that part. Without this a button of the form asks.
let turn = 0;

async function preview(field) {
	const asked = ++turn;
	await new Promise(wait => setTimeout(wait, 200));
	if (asked !== turn) return;
	const response = await fetch('?' + new URLSearchParams(new FormData(field.form)));
	const page = new DOMParser().parseFromString(await response.text(), 'text/html');
	const fresh = page.querySelector(field.dataset.preview);
	if (asked === turn && fresh) document.querySelector(field.dataset.preview).replaceWith(fresh);
}

document.addEventListener('input', ({target}) => {
	if (target.dataset.preview) preview(target).catch(() => {}); // the button is there
});
