// Filters the list as somebody types. Without script the button beside the field does it (src/steps/organisation).
{
  const field = document.querySelector('[data-step="organisation"] [name="filter"]');
  const list = document.querySelector('[data-organisations]');
  const said = document.querySelector('[data-count]');
  const plain = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const rows = list ? [...list.children].map((row) => ({ row, text: plain(row.querySelector('button > span').textContent) })) : [];

  const say = (count) => {
    const text = said.getAttribute(`data-count-${count}`) ?? said.getAttribute('data-count-2').replace('2', String(count));
    // a screen reader would say the same words again
    if (said.textContent !== text) said.textContent = text;
  };
  const filter = () => {
    const words = plain(field.value).split(/\s+/);
    let count = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) count += 1;
    }
    say(count);
  };

  // a list that the server filtered already is not the whole one
  if (field && list && said && list.dataset.organisations === 'all') {
    document.querySelector('[data-filter-buttons]').hidden = true;
    field.addEventListener('input', filter);
    field.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });
    if (field.value !== '') filter();
  }
}
