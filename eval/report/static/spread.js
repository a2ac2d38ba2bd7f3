// How a measure is spread over the drives: one histogram per planner on a common axis.
const SPREAD = { height: 56, left: 4, right: 10, bottom: 4 };

function drawSpread(box, spread) {
  const most = Math.max(1, ...Object.values(spread.planners).flatMap(({ bins }) => bins));
  box.replaceChildren(...INDEX.planners.map((name) => spreadRow(name, spread, most, box.clientWidth)));
  box.dataset.measure = spread.key;
}

function spreadRow(name, spread, most, room) {
  const { bins, mean, quartiles, unknown } = spread.planners[name];
  const known = bins.reduce((sum, count) => sum + count, 0);
  const unit = spread.unit && ` ${spread.unit}`;
  const middle = quartiles.length ? `median ${short(quartiles[1])}, middle half ${short(quartiles[0])} to ${short(quartiles[2])}${unit}` : '';
  const said = known ? `${middle}, mean ${short(mean)}, ${known} drives` : 'no value';
  const row = element('figure', { class: 'spread' }, element('figcaption', {}, element('b', { text: name }),
    element('span', { class: 'quiet', text: said + (unknown ? `, ${unknown} without` : '') })));
  const width = Math.max(200, Math.min(room, 1100)), { height, left, right, bottom } = SPREAD;
  const picture = svg('svg', { width, height: height + 18, role: 'img', 'aria-label': `${name}: ${said}` }, row);
  const x = (value) => left + (width - left - right) * value / spread.end;
  const tall = (count) => (height - bottom - 6) * Math.sqrt(count / most);
  bins.forEach((count, i) => {
    const at = x(i * spread.end / bins.length), wide = x(spread.end / bins.length) - left;
    if (count) {
      const bar = svg('rect', { class: 'bin', x: at + 0.5, width: wide - 1, y: height - bottom - tall(count), height: tall(count) }, picture);
      const more = spread.open && i === bins.length - 1 ? ' and more' : '';
      svg('title', {}, bar).textContent = `${short(i * spread.end / bins.length)} to ${short((i + 1) * spread.end / bins.length)} ${spread.unit}${more}: ${count} drives`;
    }
  });
  svg('line', { class: 'grid', x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }, picture);
  if (quartiles.length) {
    const [low, half, high] = quartiles.map((value) => x(Math.min(value, spread.end)));
    svg('line', { class: 'half', x1: low, x2: high, y1: height - bottom, y2: height - bottom }, picture);
    svg('circle', { class: 'median', cx: half, cy: height - bottom, r: 4 }, picture);
  }
  for (let i = 0; i <= 4; i++) {
    const text = svg('text', { class: `tick ${i === 0 ? '' : i === 4 ? 'end' : 'mid'}`, x: x(i * spread.end / 4), y: height + 13 }, picture);
    text.textContent = short(i * spread.end / 4) + (i === 4 ? `${spread.open ? '+' : ''}${spread.unit && ` ${spread.unit}`}` : '');
  }
  return row;
}

const short = (value) => String(Number(value.toFixed(value >= 10 ? 1 : 2)));

function startSpreads() {
  const pick = byId('pick-measure'), box = byId('spreads');
  pick.append(...INDEX.spreads.map(({ key, title, unit }) => element('option', { value: key, text: unit ? `${title} (${unit})` : title })));
  const show = () => drawSpread(box, INDEX.spreads.find(({ key }) => key === pick.value));
  pick.addEventListener('change', show);
  let width = 0;
  new ResizeObserver(() => {
    if (box.clientWidth !== width) { width = box.clientWidth; show(); }
  }).observe(box);
}
