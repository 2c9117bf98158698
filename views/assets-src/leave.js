// Sends the one form of the page on its way. Without script the page's button does it.
{
  const form = document.querySelector('form[data-leave]');
  if (form) HTMLFormElement.prototype.submit.call(form);
}
