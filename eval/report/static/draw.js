// One bird's-eye frame on a canvas: north up, metres inside, y up.
const TRAIL_S = 3;

function fitCanvas(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return ratio;
}

function drawFrame(canvas, scene, run, cell, time, camera, color, culprit) {
  const ratio = fitCanvas(canvas), pen = canvas.getContext('2d'), colors = palette();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = colors.ground;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const at = (Math.min(time, run.end) - run.start) / run.step;
  const ego = between(run, at);
  const scale = canvas.width / camera.span;
  const middle = camera.follow ? ego : camera.middle;
  const px = ratio / scale; // one CSS pixel in metres
  pen.setTransform(scale, 0, 0, -scale, canvas.width / 2 - scale * middle.x,
    canvas.height / 2 + scale * middle.y);
  drawMap(pen, scene, at, px, colors);
  drawTracks(pen, run, at, px, colors);
  drawEgo(pen, run, at, ego, px, colors, color);
  if (culprit) drawCulprit(pen, run, at, culprit, px, colors);
  if (cell && cell.hit !== null && time >= cell.hit) drawAlarm(pen, run, cell.hit, px, colors);
  drawScaleBar(pen, canvas, scale, ratio, colors);
}

function drawMap(pen, scene, at, px, colors) {
  const fills = { walkways: 'walkway', carparks: 'carpark', drivable: 'drivable',
    crossings: 'crossing', stop_lines: 'stop_line' };
  for (const name of AREAS) {
    pen.fillStyle = colors[fills[name]];
    for (const path of scene.map.areas[name]) pen.fill(path, 'evenodd');
  }
  stroke(pen, scene.map.lines, colors.centerline, px);
  stroke(pen, scene.map.dividers, colors.divider, 1.5 * px);
  pen.lineCap = pen.lineJoin = 'round';
  stroke(pen, scene.route, colors.route, 3 * px);
  for (const light of scene.map.lights) {
    const bar = new Path2D();
    bar.moveTo(light.x[0], light.y[0]);
    bar.lineTo(light.x[1], light.y[1]);
    stroke(pen, bar, colors.lights[lightAt(light, at)], 4 * px);
  }
}

function stroke(pen, path, color, width) {
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.stroke(path);
}

function lightAt(light, at) {
  let end = 0;
  for (let i = 0; i < light.states.length; i++) {
    end += light.counts[i];
    if (at < end) return light.states[i];
  }
  return light.states[light.states.length - 1];
}

function drawTracks(pen, run, at, px, colors) {
  for (const track of run.tracks) {
    const pose = trackAt(track, at);
    if (pose) drawBox(pen, pose, 0, track.length, track.width, colors.classes[track.kind], px, colors);
  }
}

function drawBox(pen, pose, ahead, length, width, color, px, colors) {
  pen.save();
  pen.translate(pose.x, pose.y);
  pen.rotate(pose.heading);
  pen.translate(ahead, 0);
  pen.fillStyle = color;
  pen.strokeStyle = colors.outline;
  pen.lineWidth = 1.2 * px;
  pen.beginPath();
  pen.rect(-length / 2, -width / 2, length, width);
  pen.fill();
  if (width > 0.9) { // a heading tick would hide a pedestrian
    pen.moveTo(length * 0.12, 0);
    pen.lineTo(length / 2, 0);
  }
  pen.stroke();
  pen.restore();
}

function drawEgo(pen, run, at, ego, px, colors, color) {
  const trail = new Path2D(), first = Math.max(0, Math.floor(at) - Math.round(TRAIL_S / run.step));
  trail.moveTo(run.x[first], run.y[first]);
  for (let i = first; i <= Math.floor(at); i++) trail.lineTo(run.x[i], run.y[i]);
  trail.lineTo(ego.x, ego.y);
  pen.globalAlpha = 0.45;
  stroke(pen, trail, color, 3 * px);
  pen.globalAlpha = 1;
  drawPlan(pen, run, at, px, color);
  const [length, width, ahead] = run.car;
  drawBox(pen, ego, ahead, length, width, color, px, colors);
}

function drawPlan(pen, run, at, px, color) {
  const now = run.start + at * run.step + 1e-6;
  let k = -1;
  while (k + 1 < run.planTime.length && run.planTime[k + 1] <= now) k++;
  if (k < 0) return;
  const plan = run.plans[k], path = new Path2D();
  plan.x.forEach((x, i) => (i ? path.lineTo(x, plan.y[i]) : path.moveTo(x, plan.y[i])));
  pen.setLineDash([0.1 * px, 5 * px]);
  stroke(pen, path, color, 3.4 * px);
  pen.setLineDash([]);
}

function drawCulprit(pen, run, at, culprit, px, colors) {
  for (const track of run.tracks) {
    const pose = track.name && culprit.startsWith(track.name) && trackAt(track, at);
    if (!pose) continue;
    const ring = new Path2D();
    ring.arc(pose.x, pose.y, Math.max(Math.hypot(track.length, track.width) / 2 + 1, 12 * px), 0, 7);
    stroke(pen, ring, colors.alarm, 2.5 * px);
  }
}

function drawAlarm(pen, run, hit, px, colors) {
  const place = between(run, (Math.min(hit, run.end) - run.start) / run.step);
  const ring = new Path2D();
  ring.arc(place.x + run.car[2] * Math.cos(place.heading),
    place.y + run.car[2] * Math.sin(place.heading), Math.max(4.2, 14 * px), 0, 7);
  stroke(pen, ring, colors.alarm, 2.5 * px);
}

function drawScaleBar(pen, canvas, scale, ratio, colors) {
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const room = canvas.width / ratio / 4, perMetre = scale / ratio;
  const length = [100, 50, 20, 10, 5, 2].find((m) => m * perMetre <= room) || 1;
  const y = canvas.height / ratio - 12;
  pen.fillStyle = pen.strokeStyle = colors.muted;
  pen.lineWidth = 2;
  pen.lineCap = 'butt';
  pen.beginPath();
  pen.moveTo(12, y);
  pen.lineTo(12 + length * perMetre, y);
  pen.stroke();
  pen.font = '12px system-ui, sans-serif';
  pen.fillText(`${length} m`, 12, y - 6);
}
