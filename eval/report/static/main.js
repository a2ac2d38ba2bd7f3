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

  open() {
    const { scene, first, second } = this.pick;
    const rival = second.value === first.value ? '' : second.value;
    return this.viewer.open(scene.value, [first.value, rival]);
  }

  mark() {
    const { scene, first } = this.pick;
    const about = INDEX.scenes.find((entry) => entry.id === scene.value);
    byId('scene-about').textContent = `${about.id} · ${about.location} · ${about.split}`;
    document.querySelectorAll('.heat button').forEach((button) => {
      const on = button.dataset.scene === scene.value && button.dataset.planner === first.value;
      button.setAttribute('aria-pressed', String(on));
    });
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

function startPage() {
  startTheme();
  if (!('DecompressionStream' in window)) {
    byId('too-old').hidden = false;
    return;
  }
  startHero();
  const explorer = new Explorer();
  explorer.choose(INDEX.hero.scene, INDEX.hero.first, INDEX.hero.second);
  document.querySelectorAll('[data-jump]').forEach((button) => {
    button.addEventListener('click', () => explorer.jump(button.dataset));
  });
  startTabs();
  startFilms();
}

startPage();
