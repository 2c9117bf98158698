// The warning before a session ends. Without script the page itself leads to page A20 in time.
{
  const box = document.querySelector('[data-session]');
  const dialog = box instanceof HTMLDialogElement ? box : undefined;
  const { status, page } = box.dataset;
  const [clock, spoken] = [box.querySelector('[data-clock]'), box.querySelector('[data-spoken]')];
  let ends, warn, because, asked = 0, timer;

  // the server's times on this machine's clock
  const learn = (told) => {
    const ahead = Date.now() - told.now * 1000;
    [ends, warn] = [told.ends_at, told.warn_at].map((at) => (at === null ? 0 : at * 1000 + ahead));
    because = told.because ?? because;
  };
  // work in another tab or at a portal moves the end
  const ask = async (address, options) => {
    asked = Date.now();
    try {
      const answer = await fetch(address, { headers: { accept: 'application/json' }, ...options });
      if (answer.ok) learn(await answer.json());
      return answer.ok;
    } catch {
      return false;
    }
  };
  const show = (left) => {
    const seconds = Math.max(0, Math.ceil(left / 1000));
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    // a countdown that is read aloud each second says nothing
    const mark = [10, 30, 60, 120].find((one) => seconds <= one);
    const words = box.getAttribute(`data-say-${mark}`);
    if (words && spoken.textContent !== words) spoken.textContent = words;
  };
  const step = async () => {
    clearTimeout(timer);
    const before = ends;
    if (Date.now() >= warn && (dialog?.open === false || Date.now() >= ends || Date.now() - asked > 10_000)) await ask(status);
    const now = Date.now();
    if (now >= ends) return location.assign(`${page}&because=${because}`);
    if (!dialog && Math.abs(ends - before) > 5000) return location.reload();
    if (now >= warn && dialog && !dialog.open) dialog.showModal();
    if (now < warn) dialog?.close();
    if (!dialog || dialog.open) show(ends - now);
    timer = setTimeout(() => { void step(); }, now < warn && dialog ? Math.min(warn - now, 2_000_000) : 1000);
  };

  const form = dialog?.querySelector('form');
  const extend = async () => {
    if (await ask(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) })) return step();
    form.submit();
  };
  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    void extend();
  });
  // whoever sends the warning away is there
  dialog?.addEventListener('cancel', (event) => {
    if (!form) return;
    event.preventDefault();
    void extend();
  });
  // timers stand still while a machine sleeps
  document.addEventListener('visibilitychange', () => { if (!document.hidden) void step(); });

  learn({ now: Number(box.dataset.now), ends_at: Number(box.dataset.ends), warn_at: Number(box.dataset.warn), because: box.dataset.because });
  void step();
}
