// Passkeys: <form method="post" data-key="/sign-in/key/ask" hidden> is shown where the browser knows keys, and what stands
// for it without script, [data-keyless], leaves. Sent, it asks that address for a question, hands it to the browser, and
// posts the answer in its field "answer". A field data-ticked="id" says whether that box of the page is ticked. What went
// wrong is said by the status line: data-failed.
const octets = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
const text = buffer => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const named = list => list?.map(one => ({...one, id: octets(one.id)}));

async function answer({publicKey: asked}) {
	const publicKey = {...asked, challenge: octets(asked.challenge),
		allowCredentials: named(asked.allowCredentials), excludeCredentials: named(asked.excludeCredentials)};
	if (asked.user) publicKey.user = {...asked.user, id: octets(asked.user.id)};
	const key = await navigator.credentials[asked.user ? 'create' : 'get']({publicKey});
	const response = {};
	for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
		if (key.response[name]) response[name] = text(key.response[name]);
	}
	if (asked.user) response.transports = key.response.getTransports?.() ?? [];
	return JSON.stringify({id: key.id, rawId: text(key.rawId), type: key.type, response,
		authenticatorAttachment: key.authenticatorAttachment ?? undefined, clientExtensionResults: key.getClientExtensionResults()});
}

async function use(form) {
	const button = form.querySelector('[type=submit]');
	button.disabled = true;
	try {
		const asked = await fetch(form.dataset.key, {method: 'POST'});
		if (asked.redirected) return location.assign(asked.url);
		if (!asked.ok) throw new Error(asked.status);
		form.elements.answer.value = await answer(await asked.json());
		for (const field of form.querySelectorAll('[data-ticked]')) {
			field.value = document.getElementById(field.dataset.ticked).checked ? '1' : '';
		}
		form.submit();
	} catch {
		document.dispatchEvent(new CustomEvent('parvis:status', {detail: form.dataset.failed}));
		button.disabled = false;
	}
}

if (window.PublicKeyCredential) {
	for (const form of document.querySelectorAll('form[data-key]')) {
		form.hidden = false;
		form.addEventListener('submit', event => {
			event.preventDefault();
			use(form);
		});
	}
	for (const without of document.querySelectorAll('[data-keyless]')) without.hidden = true;
}
