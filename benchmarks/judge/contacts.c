/* First contacts and time to collision of a drive: drivewm/measures/{collision,ttc}.py in plain C.
 * Arrays as there: ego [T, 11], centres [T, 3], state [N, T, 6], valid [N, T], size [N, 3]. */
#include <math.h>
#include <string.h>

static void fill_corners(double x, double y, double heading, double length, double width,
                         double out[4][2]) {
  double c = cos(heading), s = sin(heading);
  double lx = c * length / 2, ly = s * length / 2, wx = -s * width / 2, wy = c * width / 2;
  out[0][0] = x + lx + wx, out[0][1] = y + ly + wy;
  out[1][0] = x - lx + wx, out[1][1] = y - ly + wy;
  out[2][0] = x - lx - wx, out[2][1] = y - ly - wy;
  out[3][0] = x + lx - wx, out[3][1] = y + ly - wy;
}

static int separated(double a[][2], int na, double b[][2], int nb, double ux, double uy) {
  double ox = a[0][0], oy = a[0][1], low_a = 0, high_a = 0;
  for (int i = 1; i < na; i++) {
    double v = (a[i][0] - ox) * ux + (a[i][1] - oy) * uy;
    low_a = fmin(low_a, v), high_a = fmax(high_a, v);
  }
  double low_b = (b[0][0] - ox) * ux + (b[0][1] - oy) * uy, high_b = low_b;
  for (int i = 1; i < nb; i++) {
    double v = (b[i][0] - ox) * ux + (b[i][1] - oy) * uy;
    low_b = fmin(low_b, v), high_b = fmax(high_b, v);
  }
  return high_a < low_b || high_b < low_a;
}

static int overlap(double a[4][2], double b[4][2]) {
  for (int side = 0; side < 2; side++) {
    double(*box)[2] = side ? b : a;
    for (int other = 1; other < 4; other += 2)
      if (separated(a, 4, b, 4, box[0][0] - box[other][0], box[0][1] - box[other][1])) return 0;
  }
  return 1;
}

static int bumper_hits(double bumper[2][2], double box[4][2]) {
  if (separated(bumper, 2, box, 4, bumper[0][1] - bumper[1][1], bumper[1][0] - bumper[0][0]))
    return 0;
  for (int other = 1; other < 4; other += 2)
    if (separated(bumper, 2, box, 4, box[0][0] - box[other][0], box[0][1] - box[other][1]))
      return 0;
  return 1;
}

static int contact_type(const double *ego, double speed, double a[4][2], const double *track,
                        double b[4][2], int moves) {
  if (speed <= 0.05) return 0;
  if (!moves || hypot(track[4], track[5]) <= 0.05) return 1;
  double dx = track[0] - ego[0], dy = track[1] - ego[1], norm = hypot(dx, dy);
  double cosine = norm == 0 ? 1 : (cos(ego[2]) * dx + sin(ego[2]) * dy) / norm;
  if (acos(fmin(1, fmax(-1, cosine))) > 150.0 / 180 * 3.14159265358979323846) return 3;
  double bumper[2][2] = {{a[0][0], a[0][1]}, {a[3][0], a[3][1]}};
  return bumper_hits(bumper, b) ? 2 : 4;
}

void first_contacts(long tracks, long steps, const double *ego, const double *centres,
                    const double *speed, double length, double width, const double *state,
                    const unsigned char *valid, const double *size, const unsigned char *moves,
                    long *first, signed char *kind) {
  double radius = hypot(length, width) / 2, a[4][2], b[4][2];
  for (long n = 0; n < tracks; n++) {
    double l = size[3 * n], w = size[3 * n + 1], reach = radius + hypot(l, w) / 2 + 1e-6;
    first[n] = steps, kind[n] = 0;
    for (long t = 0; t < steps; t++) {
      if (!valid[n * steps + t]) continue;
      const double *s = state + 6 * (n * steps + t), *c = centres + 3 * t;
      double dx = s[0] - c[0], dy = s[1] - c[1];
      if (dx * dx + dy * dy > reach * reach) continue;
      fill_corners(c[0], c[1], c[2], length, width, a);
      fill_corners(s[0], s[1], s[3], l, w, b);
      if (overlap(a, b)) {
        first[n] = t;
        kind[n] = (signed char)contact_type(ego + 11 * t, speed[t], a, s, b, moves[n]);
        break;
      }
    }
  }
}

static long first_overlap(double dx, double dy, double wx, double wy, double ego_heading,
                          const double *ego_half, double heading, const double *half, long last) {
  double c = cos(ego_heading), s = sin(ego_heading), co = cos(heading), so = sin(heading);
  double along = fabs(c * co + s * so), across = fabs(c * so - s * co), low = 1, high = last;
  double axes[4][2] = {{c, s}, {-s, c}, {co, so}, {-so, co}};
  for (int k = 0; k < 4; k++) {
    const double *own = k < 2 ? ego_half : half, *other = k < 2 ? half : ego_half;
    double reach = k % 2 == 0 ? own[0] + other[0] * along + other[1] * across
                              : own[1] + other[0] * across + other[1] * along;
    double gap = dx * axes[k][0] + dy * axes[k][1], v = wx * axes[k][0] + wy * axes[k][1];
    if (v == 0) {
      if (fabs(gap) > reach) return 0;
      continue;
    }
    double p = (-reach - gap) / v, q = (reach - gap) / v;
    low = fmax(low, fmin(p, q)), high = fmin(high, fmax(p, q));
    if (low > high) return 0;
  }
  double at = ceil(low);
  return at <= high ? (long)at : 0;
}

static int in_view(const double *ego, const double *track, int wide) {
  double x = track[0] - ego[0], y = track[1] - ego[1];
  double along = cos(ego[2]) * x + sin(ego[2]) * y, away = sqrt(x * x + y * y);
  double ahead = 0.86602540378443864676 * away;
  return along > ahead || (wide && along >= -ahead) || away == 0;
}

void fill_ttc(long tracks, long steps, const double *ego, const double *centres,
              const double *speed, double length, double width, const double *state,
              const unsigned char *valid, const double *size, const unsigned char *moves,
              const long *first, const unsigned char *wide, const double *offsets, long offset_count,
              double *out, long *who) {
  long best[4096];
  for (long t = 0; t < steps; t++) best[t] = offset_count + 1, who[t] = -1;
  double ego_half[2] = {length / 2, width / 2}, radius = hypot(length, width) / 2;
  double horizon = offsets[offset_count - 1];
  for (long n = 0; n < tracks; n++) {
    double half[2] = {size[3 * n] / 2, size[3 * n + 1] / 2};
    double reach = radius + hypot(half[0], half[1]) + 1e-6;
    for (long t = 0; t < steps && t < first[n]; t++) {
      if (!valid[n * steps + t] || speed[t] <= 0.005) continue;
      const double *s = state + 6 * (n * steps + t), *c = centres + 3 * t;
      double v = moves[n] ? sqrt(s[4] * s[4] + s[5] * s[5]) : 0;
      double far = reach + horizon * (speed[t] + v), dx = s[0] - c[0], dy = s[1] - c[1];
      if (dx * dx + dy * dy > far * far || !in_view(ego + 11 * t, s, wide[t])) continue;
      double wx = 0.1 * (v * cos(s[3]) - speed[t] * cos(c[2]));
      double wy = 0.1 * (v * sin(s[3]) - speed[t] * sin(c[2]));
      long found = first_overlap(dx, dy, wx, wy, c[2], ego_half, s[3], half, best[t] - 1);
      if (found > 0) best[t] = found, who[t] = n;
    }
  }
  for (long t = 0; t < steps; t++)
    out[t] = best[t] <= offset_count ? offsets[best[t] - 1] : INFINITY;
}
