// The answer goes on by itself; without script its button does the same.
document.querySelector('form[data-send]')?.requestSubmit();
