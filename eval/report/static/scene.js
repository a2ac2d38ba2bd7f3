// A scene as the animation needs it: metres about the scene's middle, steps on a time grid.
const AREAS = ['walkways', 'carparks', 'drivable', 'crossings', 'stop_lines'];
const sceneCache = new Map();
const KEPT_SCENES = 12;

function loadScene(id) {
  if (!sceneCache.has(id)) {
    const { blob } = sceneOf(id);
    const opened = blob === null
      ? Promise.resolve(emptyScene())
      : unpackScene(byId(`scene-${blob}`).textContent).then(openScene);
    sceneCache.set(id, opened);
    for (const old of [...sceneCache.keys()].slice(0, -KEPT_SCENES)) sceneCache.delete(old);
  }
  return sceneCache.get(id);
}

const scenePlaces = new Map(INDEX.scenes.map((scene, place) => [scene.id, place]));
const sceneOf = (id) => INDEX.scenes[scenePlaces.get(id)];

function emptyScene() {
  return { absent: true, map: null, route: null, runs: {}, series: {}, worst: {} };
}

function openScene({ about, numbers }) {
  const map = { areas: {}, lines: new Path2D(), dividers: new Path2D() };
  const trace = (path, run, close) => tracePath(path, numbers.points(run, 10), close);
  for (const name of AREAS) {
    map.areas[name] = (about.map[name] || []).map((rings) => {
      const path = new Path2D();
      rings.forEach((ring) => trace(path, ring, true));
      return path;
    });
  }
  for (const line of about.map.lanes || []) trace(map.lines, line, false);
  for (const line of about.map.dividers || []) trace(map.dividers, line, false);
  map.lights = (about.map.lights || []).map(([bar, states, counts]) => ({
    ...numbers.points(bar, 10), states, counts,
  }));
  const route = new Path2D();
  if (about.route) trace(route, about.route, false);
  const tracks = about.tracks.map((set) => set.map((track) => openTrack(track, numbers)));
  const runs = {}, series = {};
  for (const [name, run] of Object.entries(about.runs)) runs[name] = openRun(run, tracks, numbers);
  for (const [name, packed] of Object.entries(about.series)) series[name] = openSeries(packed, numbers);
  return { map, route, runs, series, worst: about.worst };
}

function tracePath(path, { x, y }, close) {
  for (let i = 0; i < x.length; i++) {
    if (i) path.lineTo(x[i], y[i]); else path.moveTo(x[i], y[i]);
  }
  if (close) path.closePath();
}

function openTrack([kind, length, width, name, runs], numbers) {
  return { kind, length, width, name, runs: runs.map((run) => {
    if (run.length === 5) {
      const [start, count, x, y, heading] = run;
      return { start, count, x: [x / 20], y: [y / 20], heading: [heading / 1000] };
    }
    const [start, poses, headings] = run;
    return { start, count: poses[1], ...numbers.points(poses, 20, 2),
      heading: numbers.run(...headings, 200, 2) };
  }) };
}

function openRun(run, tracks, numbers) {
  const ego = numbers.points(run.ego[0], 100, 2);
  return {
    start: run.start, step: run.step, car: run.car, tracks: tracks[run.tracks],
    ...ego, heading: numbers.run(...run.ego[1], 1000, 2),
    planTime: run.planTime, plans: run.plans.map((plan) => numbers.points(plan, 10, 2)),
    end: run.start + run.step * (ego.x.length - 1),
  };
}

// Series on one time grid; NaN where nothing is known.
function openSeries(packed, numbers) {
  if (!packed) return null;
  const time = Float64Array.from({ length: packed.count }, (_, i) => packed.start + i * packed.step);
  const lines = {};
  for (const { key, scale } of INDEX.charts) {
    if (!packed.lines[key]) continue;
    lines[key] = new Float64Array(packed.count).fill(NaN);
    for (const [place, first, count] of packed.lines[key]) {
      lines[key].set(numbers.run(first, count, scale), place);
    }
  }
  return { time, lines };
}

// Pose between two steps; `at` counts in steps.
function between(source, at) {
  const last = source.x.length - 1;
  const i = Math.min(Math.max(Math.floor(at), 0), last), j = Math.min(i + 1, last);
  const f = Math.min(Math.max(at - i, 0), 1);
  const mix = (values) => values[i] + (values[j] - values[i]) * f;
  return { x: mix(source.x), y: mix(source.y), heading: mix(source.heading) };
}

function trackAt(track, at) {
  for (const run of track.runs) {
    if (at >= run.start && at <= run.start + run.count - 1 + 1e-6) return between(run, at - run.start);
  }
  return null;
}
