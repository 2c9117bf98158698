// The warning before a session ends. Without script the page itself leads to page A20 in time.
{
  const box = document.querySelector('[data-session]');
  const dialog = box instanceof HTMLDialogElement ? box : undefined;
  const { status, page } = box.dataset;
  const [clock, spoken] = [box.querySelector('[data-clock]'), box.querySelector('[data-spoken]')];
  let ends, warn, because, timer, asked = 0, questions = 0, pending = 0;

  // the server's times on this machine's clock; an answer that took long is as old as its question
  const learn = (told, since) => {
    const ahead = since - told.now * 1000;
    [ends, warn] = [told.ends_at, told.warn_at].map((at) => (at === null ? 0 : at * 1000 + ahead));
    because = told.because ?? because;
  };
  // work in another tab or at a portal moves the end; only the answer to the newest question counts
  const ask = async (address, options) => {
    const [mine, at] = [questions += 1, Date.now()];
    pending += 1;
    try {
      const answer = await fetch(address, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(5000), ...options });
      const told = answer.ok && await answer.json();
      if (told && mine === questions) learn(told, at);
      return answer.ok;
    } catch {
      return false;
    } finally {
      pending -= 1;
      asked = Date.now();
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
  const look = async () => {
    const before = ends;
    await ask(status);
    if (!dialog && Date.now() < ends && Math.abs(ends - before) > 5000) location.reload();
    else step();
  };
  const step = () => {
    clearTimeout(timer);
    const now = Date.now();
    // the server is asked before the warning comes and before the page is left; the countdown waits for no answer
    const turns = dialog?.open === false || now >= ends;
    if (now >= warn && pending === 0 && now - asked > (turns ? 900 : 10_000)) void look();
    if (now < warn) dialog?.close();
    else if (turns && pending === 0) {
      if (now >= ends) return location.assign(`${page}&because=${because}`);
      dialog.showModal();
    }
    if (!dialog || dialog.open) show(ends - now);
    timer = setTimeout(step, now < warn && dialog ? Math.min(warn - now, 2_000_000) : 1000);
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
  document.addEventListener('visibilitychange', () => { if (!document.hidden) step(); });

  learn({ now: Number(box.dataset.now), ends_at: Number(box.dataset.ends), warn_at: Number(box.dataset.warn), because: box.dataset.because }, Date.now());
  step();
}
