// A page that only carries something on: <form data-submit> is sent as soon as it is there. Without script it has a button.
document.querySelector('form[data-submit]')?.requestSubmit();
