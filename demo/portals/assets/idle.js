// Twenty minutes without activity (seed row IB-9): warns two minutes before, and leaves no page behind after the end.
// Without this script the page's own refresh leads to a page that warns.
{
  const dialog = document.querySelector('dialog[data-idle]');
  if (dialog) watch(dialog);

  function watch(dialog) {
    const portal = dialog.dataset.idle;
    const warnBefore = Number(dialog.dataset.warnBefore);
    const [stayButton, leftText, announcement] = ['[data-stay]', '[data-left]', '[data-say]'].map((part) => dialog.querySelector(part));
    const title = document.title;
    const minute = 60_000;
    let endsAt = Date.now() + Number(dialog.dataset.endsIn) * 1000;
    let [askedAt, toldAt, activeAt] = [Date.now(), Date.now(), 0];
    let calls = Promise.resolve();
    let ticking = false;

    const secondsLeft = () => Math.ceil((endsAt - Date.now()) / 1000);
    const leave = () => location.replace(`${portal}/logged-out`);

    const fetchLeft = async (path, method) => {
      try {
        const answer = await fetch(`${portal}/${path}`, { method, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(10_000) });
        if (answer.status === 401) return leave();
        if (answer.ok) endsAt = Date.now() + (await answer.json()).endsIn * 1000;
      } catch {
        // no network, or no answer in time: this page's own clock decides
        if (secondsLeft() <= 0) leave();
      }
      askedAt = Date.now();
    };
    const call = (path, method) => { calls = calls.then(() => fetchLeft(path, method)); return calls; };

    /** Activity: the server knows it, and tells Sluis. */
    const stay = async () => {
      toldAt = Date.now();
      await call('stay', 'POST');
      show();
    };

    const words = (seconds) => {
      const left = Math.max(0, seconds);
      const [minutes, rest] = [Math.floor(left / 60), left % 60];
      const parts = [minutes > 0 && (minutes === 1 ? '1 minuut' : `${minutes} minuten`), (rest > 0 || minutes === 0) && (rest === 1 ? '1 seconde' : `${rest} seconden`)];
      return parts.filter(Boolean).join(' en ');
    };

    const show = () => {
      const left = secondsLeft();
      if (left > warnBefore) {
        if (dialog.open) dialog.close();
        document.title = title;
        announcement.textContent = '';
        return;
      }
      leftText.textContent = words(left);
      // read aloud now and then, not each second
      const mark = [10, 30, 60].find((seconds) => left <= seconds);
      if (mark && announcement.dataset.mark !== `${mark}`) announcement.textContent = `Over ${words(left)} wordt u uitgelogd.`;
      announcement.dataset.mark = `${mark ?? ''}`;
      if (dialog.open) return;
      dialog.showModal();
      stayButton.focus();
      document.title = `U wordt zo uitgelogd - ${title}`;
    };

    /** The server knows what other windows did, and whether Sluis ended the session. Asking it is no activity. */
    const tick = async () => {
      const now = Date.now();
      if (activeAt > toldAt && now - toldAt >= minute && now - activeAt <= minute) return stay();
      const left = secondsLeft();
      const every = left <= 0 ? 1 : left <= warnBefore ? 10 : 60;
      if ((left <= warnBefore && !dialog.open) || now - askedAt >= every * 1000) await call('session', 'GET');
      show();
    };
    const tickOnce = () => {
      // the countdown waits for no answer
      if (dialog.open) show();
      if (ticking) return;
      ticking = true;
      void tick().finally(() => { ticking = false; });
    };

    setInterval(tickOnce, 1000);
    document.addEventListener('visibilitychange', tickOnce);
    // typing and clicking are activity, also when no page is loaded; under the warning only its button counts
    for (const kind of ['keydown', 'pointerdown']) document.addEventListener(kind, () => { if (!dialog.open) activeAt = Date.now(); });
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      void stay();
    });
    stayButton.form.addEventListener('submit', (event) => {
      event.preventDefault();
      void stay();
    });
  }
}
