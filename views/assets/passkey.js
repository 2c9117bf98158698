// Asks the browser for a passkey and posts what it answers. Without script the page says so, and its other ways work.
{
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const known = (all) => all?.map((one) => ({ ...one, id: bytes(one.id) }));

  // options as the server writes them (base64url), as the browser wants them (bytes)
  const read = (json) => {
    const { challenge, user, allowCredentials, excludeCredentials, ...rest } = JSON.parse(json);
    return {
      ...rest, challenge: bytes(challenge), ...(user && { user: { ...user, id: bytes(user.id) } }),
      ...(allowCredentials && { allowCredentials: known(allowCredentials) }), ...(excludeCredentials && { excludeCredentials: known(excludeCredentials) }),
    };
  };
  const write = ({ id, rawId, type, authenticatorAttachment, response }) => {
    const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
    const parts = Object.entries({ clientDataJSON, attestationObject, authenticatorData, signature, userHandle }).filter(([, part]) => part?.byteLength > 0);
    return JSON.stringify({
      id, rawId: text(rawId), type, authenticatorAttachment,
      response: { ...Object.fromEntries(parts.map(([name, part]) => [name, text(part)])), ...(attestationObject && { transports: response.getTransports?.() ?? [] }) },
    });
  };

  const begin = (box) => {
    const { passkey: kind, options } = box.dataset;
    const [absent, alert, button, field] = ['absent', 'alert', 'start', 'answer'].map((name) => box.querySelector(`[data-passkey-${name}]`));
    if (!window.PublicKeyCredential || !navigator.credentials) {
      absent.dataset.problem = 'passkey.absent';
      return;
    }
    absent.hidden = true;
    button.hidden = false;

    const ask = async (how) => {
      field.value = write(await navigator.credentials[kind]({ publicKey: read(options), ...how }));
      box.closest('form').requestSubmit();
    };
    const say = (what) => {
      alert.querySelector('p').textContent = alert.dataset[what];
      alert.dataset.problem = `passkey.${what}`;
      alert.hidden = false;
    };
    const reasons = { NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'present' };

    // what the browser offers in the field of the login name waits; the button asks in its place
    let offered, waiting, busy;
    const offer = async () => {
      if (box.dataset.autofill === undefined || !await PublicKeyCredential.isConditionalMediationAvailable?.() || busy) return;
      offered = new AbortController();
      waiting = ask({ mediation: 'conditional', signal: offered.signal }).catch(() => undefined);
    };
    void offer();

    button.addEventListener('click', async () => {
      if (busy) return;
      busy = true;
      alert.hidden = true;
      delete alert.dataset.problem;
      try {
        offered?.abort();
        await waiting;
        await ask({});
      } catch (error) {
        say(reasons[error.name] ?? 'failed');
        busy = false;
        void offer();
      }
      busy = false;
    });
  };
  for (const box of document.querySelectorAll('[data-passkey]')) begin(box);
}
