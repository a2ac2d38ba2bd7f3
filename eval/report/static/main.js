// Joins the parts: the headline player, the scene explorer, the heat map, the links.
function startHero() {
  const hero = new Viewer(byId('hero-player'));
  const { scene, first, second } = INDEX.hero;
  hero.open(scene, [first, second]);
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) hero.play(true);
}

class Explorer {
  constructor() {
    this.pick = { scene: byId('pick-scene'), first: byId('pick-first'), second: byId('pick-second') };
    const options = (names) => names.map((name) => element('option', { value: name, text: name }));
    this.pick.scene.append(...options(INDEX.scenes.map((scene) => scene.id)));
    byId('scene-before').addEventListener('click', () => this.step(-1));
    byId('scene-after').addEventListener('click', () => this.step(1));
    this.pick.first.append(...options(INDEX.planners));
    this.pick.second.append(element('option', { value: '', text: 'nobody' }), ...options(INDEX.planners));
    this.viewer = new Viewer(byId('explorer-player'), {
      charts: byId('charts'), changed: () => this.mark(),
    });
    Object.values(this.pick).forEach((node) => node.addEventListener('change', () => this.open()));
  }

  choose(scene, first, second) {
    this.pick.scene.value = scene;
    this.pick.first.value = first;
    const others = INDEX.planners.filter((name) => name !== first);
    const keep = second === undefined ? this.pick.second.value : second || '';
    this.pick.second.value = keep !== first ? keep : others[0] || '';
    return this.open();
  }

  step(by) {
    const { scene } = this.pick, count = INDEX.scenes.length;
    scene.value = INDEX.scenes[(scenePlaces.get(scene.value) + by + count) % count].id;
    return this.open();
  }

  open() {
    const { scene, first, second } = this.pick;
    const rival = second.value === first.value ? '' : second.value;
    return this.viewer.open(scene.value, [first.value, rival]);
  }

  mark() {
    const { scene, first } = this.pick, about = sceneOf(scene.value);
    const rank = `${scenePlaces.get(scene.value) + 1} of ${INDEX.scenes.length}, worst first`;
    byId('scene-about').textContent = [about.id, about.location, about.split, rank].filter(Boolean).join(' · ');
    document.querySelectorAll('.heat [aria-pressed=true]').forEach((button) => button.setAttribute('aria-pressed', 'false'));
    const chosen = `.heat [data-scene="${CSS.escape(scene.value)}"][data-planner="${CSS.escape(first.value)}"]`;
    const button = document.querySelector(chosen);
    if (button) button.setAttribute('aria-pressed', 'true');
    this.listMoments();
    heatMaps.forEach((map) => map.mark(scenePlaces.get(scene.value)));
  }

  // The worst moments of the drives on show; a click goes there.
  listMoments() {
    const names = [this.pick.first.value, this.pick.second.value].filter(Boolean);
    const items = names.flatMap((name, i) => (this.viewer.scene.worst[name] || []).map((moment) => ({ moment, i })));
    items.sort((a, b) => a.moment[1] - b.moment[1]);
    byId('moments').replaceChildren(...items.map(({ moment: [metric, time, value, track, category], i }) => {
      const shown = value === null ? '' : ` ${Number(value.toFixed(2))}`;
      const against = track === null ? '' : ` · ${category || 'road user'} ${track.slice(0, 8)}`;
      const button = element('button', { type: 'button', class: `chip ${i ? 'rival' : 'ego'}`,
        text: `${time.toFixed(1)} s · ${metric}${shown}${against}` });
      button.addEventListener('click', () => this.viewer.show(time, i, track));
      return button;
    }));
    byId('moments-box').hidden = !items.length;
  }

  async jump(data) {
    await this.choose(data.scene, data.planner);
    this.viewer.seek(Math.max(0, Number(data.time || 0) - 2));
    byId('explorer').scrollIntoView({ block: 'start' });
    this.viewer.play(true);
  }
}

// Shows the rows and tables of the chosen measure and voxels.
function startTabs() {
  const inputs = [...document.querySelectorAll('input[name="metric"], input[name="mask"]')];
  const show = () => {
    const chosen = {};
    inputs.forEach((input) => { if (input.checked) chosen[input.name] = input.value; });
    document.querySelectorAll('[data-metric], [data-mask]').forEach((node) => {
      const { metric, mask } = node.dataset;
      node.hidden = Boolean((metric && chosen.metric && metric !== chosen.metric)
        || (mask && chosen.mask && mask !== chosen.mask));
    });
  };
  inputs.forEach((input) => input.addEventListener('change', show));
}

// Leaves the scenes whose name, place or split holds what was typed.
function startFilter() {
  const field = byId('scene-filter'), rows = [...document.querySelectorAll('.heat tbody tr')];
  const texts = rows.map((row) => {
    const { id, location, split } = sceneOf(row.dataset.row);
    return `${id} ${location} ${split}`.toLowerCase();
  });
  field.addEventListener('input', () => {
    const wanted = field.value.trim().toLowerCase();
    rows.forEach((row, i) => { row.hidden = !texts[i].includes(wanted); });
    byId('filter-count').textContent = wanted ? `${rows.filter((row) => !row.hidden).length} scenes` : '';
  });
}

function startPage() {
  startTheme();
  if (!('DecompressionStream' in window)) {
    byId('too-old').hidden = false;
    return;
  }
  startHero();
  const explorer = new Explorer();
  explorer.choose(INDEX.hero.scene, INDEX.hero.first, INDEX.hero.second);
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-jump]');
    if (button) explorer.jump(button.dataset);
  });
  startHeat((scene, planner) => explorer.jump({ scene, planner }));
  startSpreads();
  startFilter();
  startTabs();
  startFilms();
}

startPage();
