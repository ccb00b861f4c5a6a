// Showing a password: <button name="show" type="submit" data-reveal="password" data-shown="Masquer"> shows what the field of
// that id holds, and hides it again. Without script the button sends the form, which comes back with the text readable.
for (const button of document.querySelectorAll('[data-reveal]')) {
	const field = document.getElementById(button.dataset.reveal), words = [button.textContent, button.dataset.shown];
	const say = () => { button.textContent = words[field.type === 'text' ? 1 : 0]; };
	button.type = 'button';
	button.removeAttribute('formnovalidate');
	button.addEventListener('click', () => {
		field.type = field.type === 'password' ? 'text' : 'password';
		say();
	});
	field.form.addEventListener('submit', () => { field.type = 'password'; }); // a browser keeps what text fields held
	say();
}
