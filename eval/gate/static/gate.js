// The page of a comparison: one player, baseline beside candidate, and the buttons that open it.
class Comparer {
  constructor() {
    this.pick = byId('pick-scene');
    this.pick.append(...INDEX.scenes.filter(({ blob }) => blob !== null).map(({ id, state }) =>
      element('option', { value: id, text: state === 'pass' ? id : `${id} (${state})` })));
    this.viewer = new Viewer(byId('player'), { charts: byId('charts') });
    this.pick.addEventListener('change', () => this.open());
    byId('scene-before').addEventListener('click', () => this.step(-1));
    byId('scene-after').addEventListener('click', () => this.step(1));
  }

  step(by) {
    const count = this.pick.options.length;
    this.pick.selectedIndex = (this.pick.selectedIndex + by + count) % count;
    return this.open();
  }

  async open() {
    const scene = sceneOf(this.pick.value);
    this.viewer.time = 0;
    await this.viewer.open(scene.id, INDEX.planners);
    byId('scene-about').textContent = [scene.about, `seed ${scene.seed}`].filter(Boolean).join(' · ');
    byId('scene-replay').textContent = scene.replay || '';
    byId('scene-replay').parentElement.hidden = !scene.replay;
    byId('player').dataset.open = scene.id;
  }

  // Starts two seconds before the first collision of either side.
  async jump(id) {
    this.pick.value = id;
    await this.open();
    const hits = INDEX.planners.map((side) => (INDEX.cells[side][id] || {}).hit)
      .filter((hit) => hit !== null && hit !== undefined);
    byId('watch').scrollIntoView({ block: 'start' });
    if (hits.length) this.viewer.seek(Math.max(0, Math.min(...hits) - 2));
    this.viewer.play(true);
  }
}

function startCopying() {
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    const text = button.parentElement.querySelector('code').textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch { // a page opened from a file may not be allowed to
      const range = document.createRange();
      range.selectNodeContents(button.parentElement.querySelector('code'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }
  });
}

function startPage() {
  startTheme();
  startCopying();
  if (!byId('player')) return;
  if (!('DecompressionStream' in window)) {
    byId('too-old').hidden = false;
    return;
  }
  const comparer = new Comparer();
  if (comparer.pick.options.length) comparer.open();
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-watch]');
    if (button) comparer.jump(button.dataset.watch);
  });
}

startPage();
