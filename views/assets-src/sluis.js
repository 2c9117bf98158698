// Enhancement only: every page works without it.
{
  const all = (selector) => [...document.querySelectorAll(selector)];

  document.querySelector('[data-error-summary]')?.focus();

  for (const button of all('[data-reveal]')) {
    const input = document.getElementById(button.dataset.reveal);
    const show = (visible) => {
      input.type = visible ? 'text' : 'password';
      button.textContent = visible ? button.dataset.hide : button.dataset.show;
      button.setAttribute('aria-label', visible ? button.dataset.hideLabel : button.dataset.showLabel);
    };
    button.hidden = false;
    button.addEventListener('click', () => show(input.type === 'password'));
    // a browser offers to remember what is in a password field only
    input.form?.addEventListener('submit', () => show(false));
  }

  for (const form of all('form[data-once]')) {
    let sentAt = -Infinity;
    form.addEventListener('submit', (event) => {
      const now = performance.now();
      if (now - sentAt < 3000) event.preventDefault();
      else sentAt = now;
    });
  }

  for (const notice of all('[data-seconds-left]')) {
    const show = () => {
      notice.hidden = false;
      notice.querySelector('a, button')?.focus();
    };
    setTimeout(show, Math.max(0, Number(notice.dataset.secondsLeft) - 120) * 1000);
    notice.querySelector('[data-close]')?.addEventListener('click', () => { notice.hidden = true; });
  }

  for (const text of all('[data-countdown]')) {
    const end = performance.now() + Number(text.dataset.countdown) * 1000;
    const timer = setInterval(() => {
      const left = Math.ceil((end - performance.now()) / 1000);
      text.hidden = left <= 0;
      if (text.hidden) clearInterval(timer);
      else text.textContent = text.textContent.replace(/\d+/, left);
    }, 1000);
  }

  for (const button of all('[data-print]')) {
    button.hidden = false;
    button.addEventListener('click', () => window.print());
  }
}
