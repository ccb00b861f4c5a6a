// Keeps one page, /oncall, with what it is drawn with, for who chose so: without a network it is shown as it was, with its
// date. It keeps nothing that the server does not allow, and leaves once its reader has signed out.
const box = () => caches.open('oncall');
const life = 14 * 24 * 3600 * 1000; // what is older is no help to anybody
const parts = text => new Set(text.match(/\/(?:assets|theme)\/[\w.-]+/g));

// keep puts a page that may be kept in the place of the last one; false for one that may not.
const keep = async answer => {
	if (!answer.ok || !answer.headers.has('X-May-Keep')) return false;
	const kept = await box(), needs = parts(await answer.clone().text());
	await kept.put('/oncall', answer);
	for (const old of await kept.keys()) {
		const path = new URL(old.url).pathname;
		if (path !== '/oncall' && !needs.delete(path)) await kept.delete(old);
	}
	await kept.addAll([...needs]);
	return true;
};

const leave = async () => {
	await caches.delete('oncall');
	await self.registration.unregister();
};

// last is the page as it was kept, unless that is long ago.
const last = async () => {
	const answer = await (await box()).match('/oncall');
	return answer && Date.now() - Date.parse(answer.headers.get('Date')) < life ? answer : undefined;
};

const page = async event => {
	let answer;
	try {
		answer = await fetch(event.request);
	} catch {
		return await last() ?? Response.error();
	}
	if (answer.status >= 500) return await last() ?? answer;
	const copy = answer.clone();
	event.waitUntil(keep(copy).then(done => done || leave()));
	return answer;
};

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(
	self.clients.claim().then(() => fetch('/oncall', { redirect: 'manual' })).then(keep).then(done => done || leave())));
self.addEventListener('fetch', event => {
	const { pathname, search } = new URL(event.request.url);
	if (event.request.method !== 'GET') return;
	if (event.request.mode === 'navigate' && pathname === '/oncall' && !search) event.respondWith(page(event));
	else if (/^\/(assets|theme)\//.test(pathname)) {
		event.respondWith(caches.match(event.request, { cacheName: 'oncall' }).then(found => found ?? fetch(event.request)));
	}
});
