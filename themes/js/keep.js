// Keeping a page for when there is no network, by its reader's choice: <button type="button" hidden data-keep="/oncall/worker.js"
// data-scope="/oncall" data-kept="Ne plus garder"><span>Garder</span>. The worker keeps it; pressed again, it forgets.
const button = document.querySelector('[data-keep]'), workers = navigator.serviceWorker;
if (button && workers) {
	const { keep, scope, kept } = button.dataset, words = [button.textContent.trim(), kept], label = button.querySelector('span');
	const known = async () => (await workers.getRegistrations()).find(one => new URL(one.scope).pathname === scope);
	const say = there => {
		label.textContent = words[+!!there];
		button.setAttribute('aria-pressed', !!there);
		button.hidden = false;
	};
	known().then(say);
	button.addEventListener('click', async () => {
		const there = await known();
		if (there) {
			await there.unregister();
			await caches.delete(scope.slice(1));
		} else await workers.register(keep, { scope });
		say(!there);
	});
}
