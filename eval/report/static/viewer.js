// One player: one or two planners in the same scene, one clock.
class Viewer {
  constructor(root, { charts = null, span = 70, changed = () => {} } = {}) {
    Object.assign(this, { root, charts, changed, span, time: 0, playing: false, speed: 1, follow: true });
    const find = (name) => root.querySelector(`[data-part="${name}"]`);
    this.stages = [...root.querySelectorAll('[data-stage]')].map((node) => ({
      node, canvas: node.querySelector('canvas'), name: node.querySelector('[data-part="name"]'),
      verdict: node.querySelector('[data-part="verdict"]'), note: node.querySelector('[data-part="note"]'),
    }));
    this.slider = find('time');
    this.clock = find('clock');
    this.playButton = find('play');
    this.playButton.addEventListener('click', () => this.play(!this.playing));
    this.slider.addEventListener('input', () => this.seek(Number(this.slider.value)));
    find('speed').addEventListener('change', (event) => { this.speed = Number(event.target.value); });
    find('follow').addEventListener('change', (event) => { this.follow = event.target.checked; this.draw(); });
    find('closer').addEventListener('click', () => this.zoom(1 / 1.35));
    find('wider').addEventListener('click', () => this.zoom(1.35));
    this.drawn = [];
    this.culprits = [];
    new ResizeObserver(() => this.draw()).observe(root);
    themeListeners.push(() => this.draw());
    // Several changes may come at once: the last one counts.
    new IntersectionObserver((entries) => {
      this.visible = entries.at(-1).isIntersecting;
      this.wake();
    }).observe(root);
  }

  async open(sceneId, planners) {
    this.request = `${sceneId} ${planners}`;
    const mine = this.request;
    const scene = await loadScene(sceneId);
    if (mine !== this.request) return;
    Object.assign(this, { scene, sceneId, planners: planners.filter(Boolean) });
    const runs = this.planners.map((name) => scene.runs[name]).filter(Boolean);
    this.end = Math.max(0.1, ...runs.map((run) => run.end));
    this.middle = overview(runs);
    this.slider.max = this.end;
    this.stages.forEach((stage, i) => this.label(stage, this.planners[i]));
    this.root.classList.toggle('single', this.planners.length < 2);
    this.culprits = [];
    this.makeCharts();
    this.time = Math.min(this.time, this.end);
    this.root.dataset.scene = sceneId;
    this.draw();
    this.changed();
    this.wake();
  }

  label(stage, planner) {
    stage.node.hidden = !planner;
    if (!planner) return;
    const cell = (INDEX.cells[planner] || {})[this.sceneId];
    stage.name.textContent = planner;
    stage.verdict.textContent = !cell ? 'not scored' : cell.failed ? 'failed' : cell.score.toFixed(2);
    if (cell && cell.seeds > 1) stage.verdict.textContent += ` (seed ${cell.seed}, worst of ${cell.seeds})`;
    stage.verdict.classList.toggle('bad', Boolean(cell && (cell.failed || cell.score === 0)));
    const run = this.scene.runs[planner];
    stage.note.textContent = run ? '' : (cell && cell.reason)
      || (this.scene.absent ? 'The page was full: use `drivewm explain`, or a report of fewer scenes.'
        : 'No drive was recorded here.');
    stage.note.hidden = Boolean(run);
    stage.canvas.setAttribute('aria-label',
      `Bird's-eye animation of ${planner} in ${this.sceneId}, score ${stage.verdict.textContent}`);
  }

  makeCharts() {
    if (!this.charts) return;
    this.drawn.forEach((chart) => chart.close());
    const lines = this.planners.map((name, i) => ({
      name, role: i ? 'rival' : 'ego', series: this.scene.series[name], worst: this.scene.worst[name] || [],
    })).filter((line) => line.series);
    const specs = INDEX.charts.filter(({ key }) => lines.some(({ series }) => series.lines[key]));
    this.drawn = specs.map((spec) => new TimeChart(spec,
      lines.filter(({ series }) => series.lines[spec.key]).map(({ name, role, series, worst }) => ({
        name, role, x: series.time, y: series.lines[spec.key],
        worst: (worst.find(([metric]) => metric === spec.key) || [])[1],
      })), this.end, (time) => this.seek(time)));
    this.charts.replaceChildren(...this.drawn.map((chart) => chart.node));
    this.charts.hidden = !lines.length;
  }

  zoom(factor) {
    this.span = Math.min(Math.max(this.span * factor, 15), 400);
    this.draw();
  }

  seek(time) {
    this.time = Math.min(Math.max(time, 0), this.end);
    this.draw();
  }

  // Stops at a moment; who it was against gets a ring in that stage.
  show(time, stage, track) {
    this.play(false);
    this.culprits = [];
    if (track !== null) this.culprits[stage] = track;
    this.seek(time);
  }

  play(on) {
    this.playing = on;
    if (on && this.time >= this.end - 0.05) this.time = 0;
    this.playButton.setAttribute('aria-label', on ? 'Pause' : 'Play');
    this.playButton.classList.toggle('playing', on);
    this.wake();
  }

  wake() {
    if (this.frame || !this.playing || !this.visible || !this.scene) return;
    let before = null;
    const tick = (now) => {
      this.frame = 0;
      if (!this.playing || !this.visible) return;
      if (before !== null) this.time += Math.min((now - before) / 1000, 0.1) * this.speed;
      before = now;
      if (this.time > this.end + 1) this.time = 0; // rests a second on the last frame
      this.draw();
      this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  draw() {
    if (!this.scene) return;
    const shown = Math.min(this.time, this.end);
    this.slider.value = shown;
    this.slider.setAttribute('aria-valuetext', `${shown.toFixed(1)} seconds`);
    this.clock.textContent = `${shown.toFixed(1)} / ${this.end.toFixed(1)} s`;
    this.root.dataset.time = shown.toFixed(2);
    this.drawn.forEach((chart) => chart.show(shown));
    this.planners.forEach((name, i) => this.drawStage(this.stages[i], name, i, shown));
  }

  drawStage(stage, name, i, time) {
    const run = this.scene.runs[name], cell = (INDEX.cells[name] || {})[this.sceneId];
    const color = i ? palette().rival : palette().ego;
    if (!stage.canvas.clientWidth) return;
    if (run) {
      const whole = this.middle;
      const camera = this.follow ? { follow: true, span: this.span }
        : { follow: false, middle: whole, span: Math.max(whole.span, 20) * this.span / 70 };
      drawFrame(stage.canvas, this.scene, run, cell, time, camera, color, this.culprits[i]);
    } else {
      fitCanvas(stage.canvas);
      const pen = stage.canvas.getContext('2d');
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.fillStyle = palette().ground;
      pen.fillRect(0, 0, stage.canvas.width, stage.canvas.height);
    }
  }
}

// The middle and the width in metres of everything the runs cover.
function overview(runs) {
  const x = runs.flatMap((run) => [...run.x]), y = runs.flatMap((run) => [...run.y]);
  if (!x.length) return { x: 0, y: 0, span: 70 };
  const low = { x: Math.min(...x), y: Math.min(...y) }, high = { x: Math.max(...x), y: Math.max(...y) };
  return { x: (low.x + high.x) / 2, y: (low.y + high.y) / 2,
    span: 40 + Math.max(high.x - low.x, (high.y - low.y) * 1.4) };
}
