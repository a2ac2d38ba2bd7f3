// Sub-scores of one planner over all scenes, worst first: one column a scene, one row a term.
const HEAT = { row: 17, gap: 1, least: 3 };
const heatMaps = [];

class HeatMap {
  constructor(node, planner, open) {
    Object.assign(this, { node, planner, open, place: 0, marked: -1 });
    this.values = INDEX.heat.planners[planner];
    this.canvas = node.querySelector('canvas');
    this.readout = node.querySelector('output');
    this.canvas.addEventListener('pointermove', (event) => this.say(this.at(event)));
    this.canvas.addEventListener('pointerleave', () => this.say(-1));
    this.canvas.addEventListener('click', (event) => this.open(INDEX.scenes[this.at(event)].id, planner));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(node);
    themeListeners.push(() => this.draw());
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(Math.max(Math.floor(share * INDEX.scenes.length), 0), INDEX.scenes.length - 1);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined) {
      this.place = Math.min(Math.max(this.place + step, 0), INDEX.scenes.length - 1);
      this.say(this.place);
    } else if (event.key === 'Enter' || event.key === ' ') {
      this.open(INDEX.scenes[this.place].id, this.planner);
    } else return;
    event.preventDefault();
  }

  say(place) {
    this.hover = place;
    this.readout.textContent = place < 0 ? '' : `${INDEX.scenes[place].id}: ${INDEX.heat.rows.map((title, i) => {
      const value = this.values[i][place];
      return `${title.toLowerCase()} ${value === null ? '–' : (value / 100).toFixed(2)}`;
    }).join(', ')}`;
    this.draw();
  }

  mark(place) { this.marked = place; this.draw(); }

  draw() {
    const count = INDEX.scenes.length, rows = this.values.length;
    const room = this.canvas.parentNode.clientWidth;
    const width = Math.min(Math.max(room, HEAT.least * count), 40 * count), height = rows * HEAT.row;
    if (room <= 0) return;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const ratio = fitCanvas(this.canvas), pen = this.canvas.getContext('2d'), colors = palette();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const wide = width / count, gap = wide > 5 ? HEAT.gap : 0;
    const [blue, bad, paper] = [colors.ego, colors.rival, colors.ground].map(channels);
    const good = paper.map((value, i) => value + (blue[i] - value) * 0.22);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < count; c++) {
        const value = this.values[r][c];
        pen.fillStyle = value === null ? 'transparent' : mixed(bad, good, value / 100);
        pen.fillRect(c * wide, r * HEAT.row, wide - gap, HEAT.row - (r ? 1 : 3));
      }
    }
    for (const [place, color] of [[this.hover, colors.muted], [this.marked, colors.text]]) {
      if (place === undefined || place < 0) continue;
      pen.strokeStyle = color;
      pen.lineWidth = 2;
      pen.strokeRect(place * wide - 1, 1, Math.max(wide - gap, 2) + 2, height - 2);
    }
    this.canvas.dataset.drawn = String(count);
  }
}

function mixed(from, to, share) {
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * share)).join(' ')})`;
}

function startHeat(open) {
  document.querySelectorAll('[data-heat]').forEach((node) => heatMaps.push(new HeatMap(node, node.dataset.heat, open)));
}
