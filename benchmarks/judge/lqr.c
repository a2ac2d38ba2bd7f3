/* The batch LQR simulation of drivewm/sim/batch_lqr.py in plain C, step for step.
 * cc -O3 -march=native -shared -fPIC lqr.c -lm -o lqr.so */
#include <math.h>

#define MAX_STEPS 256
static const double PI = 3.14159265358979323846;

typedef struct {
  double q_lon, r_lon, q_offset, q_heading, q_steer, r_lat;
  long horizon;
  double jerk_penalty, curvature_rate_penalty, stop_gain, stop_speed;
} Gains;

static double principal(double a) {
  if (a >= -PI && a < PI) return a;
  a = fmod(a + PI, 2 * PI);
  return (a < 0 ? a + 2 * PI : a) - PI;
}

static void factor(long n, const double *main, const double *off1, const double *off2, double *d,
                   double *l1, double *l2) {
  for (long i = 0; i < n; i++) {
    double pivot = main[i], coupling = off1[i];
    if (i >= 1) {
      pivot -= l1[i - 1] * l1[i - 1] * d[i - 1];
      coupling -= l2[i - 1] * l1[i - 1] * d[i - 1];
    }
    if (i >= 2) pivot -= l2[i - 2] * l2[i - 2] * d[i - 2];
    d[i] = pivot;
    l1[i] = coupling / pivot;
    l2[i] = off2[i] / pivot;
  }
}

static void factor_speed(long n, double dt, double penalty, double *d, double *l1, double *l2) {
  double main[MAX_STEPS], off1[MAX_STEPS], off2[MAX_STEPS], w = penalty / (dt * dt);
  for (long i = 0; i < n; i++) main[i] = dt * dt, off1[i] = off2[i] = 0;
  for (long i = 0; i < n - 3; i++) main[i] += w, main[i + 1] += w, off1[i] -= w;
  long i = n - 3;
  if (i >= 0) {
    main[i] += w, main[i + 1] += 4 * w, main[i + 2] += w;
    off1[i] -= 2 * w, off1[i + 1] -= 2 * w, off2[i] += w;
  }
  factor(n, main, off1, off2, d, l1, l2);
}

static void fit_curvature(long n, const double *pose, const double *speed, double dt, double penalty,
                          double *curvature) {
  double band[MAX_STEPS], w = penalty / (dt * dt), before = 0;
  for (long i = 0; i < n; i++) {
    double step = speed[i] * dt, main = step * step + (i == 0 ? 1e-10 : w) + (i + 1 < n ? w : 0);
    double right = step * principal(pose[3 * (i + 1) + 2] - pose[3 * i + 2]);
    if (i > 0) main -= w * w * before, right += w * curvature[i - 1];
    before = 1 / main;
    curvature[i] = right * before;
    band[i] = w * before;
  }
  for (long i = n - 2; i >= 0; i--) curvature[i] += band[i] * curvature[i + 1];
}

static double steer_rate(double offset, double turned, double steer, double speed, double accel,
                         const double *profile, long first, long last, double wheelbase, double dt,
                         const Gains *t) {
  double bend = steer / wheelbase, per = dt / wheelbase, b0 = 0, b1 = 0;
  double move = speed * dt, gained = accel * dt * dt;
  for (long k = 0; k < t->horizon; k++) {
    long at = first + k < last ? first + k : last;
    offset += move * turned;
    turned += move * (bend - profile[at]);
    b0 += move * b1;
    b1 += move * (k * per);
    move += gained;
  }
  double b2 = t->horizon * dt;
  turned = principal(turned), steer = principal(steer);
  double pull = b0 * t->q_offset * offset + b1 * t->q_heading * turned + b2 * t->q_steer * steer;
  double cost = b0 * t->q_offset * b0 + b1 * t->q_heading * b1 + b2 * t->q_steer * b2;
  return -pull / (cost + t->r_lat);
}

void simulate(const double *proposals, long proposals_count, long steps, const double *ego0,
              double wheelbase, double dt, const Gains *t, double *out) {
  double d[MAX_STEPS], l1[MAX_STEPS], l2[MAX_STEPS], speed[MAX_STEPS], curvature[MAX_STEPS];
  double cosine[MAX_STEPS], sine[MAX_STEPS];
  long last = steps - 1;
  factor_speed(steps, dt, t->jerk_penalty, d, l1, l2);
  for (long b = 0; b < proposals_count; b++) {
    const double *pose = proposals + b * (steps + 1) * 3;
    double *row = out + b * (steps + 1) * 11;
    for (long i = 0; i < steps; i++) {
      const double *p = pose + 3 * i;
      cosine[i] = cos(p[2]), sine[i] = sin(p[2]);
      speed[i] = dt * (cosine[i] * (p[3] - p[0]) + sine[i] * (p[4] - p[1]));
    }
    for (long i = 0; i < steps; i++) {
      if (i >= 1) speed[i] -= l1[i - 1] * speed[i - 1];
      if (i >= 2) speed[i] -= l2[i - 2] * speed[i - 2];
    }
    for (long i = 0; i < steps; i++) speed[i] /= d[i];
    for (long i = steps - 2; i >= 0; i--) {
      speed[i] -= l1[i] * speed[i + 1];
      if (i + 2 < steps) speed[i] -= l2[i] * speed[i + 2];
    }
    fit_curvature(steps, pose, speed, dt, t->curvature_rate_penalty, curvature);
    double reach = t->horizon * dt;
    double accel_gain = -reach * t->q_lon / (reach * t->q_lon * reach + t->r_lon);
    double accel_lag = dt / (dt + 0.2), steer_lag = dt / (dt + 0.05);
    double x = ego0[0], y = ego0[1], heading = ego0[2], v = ego0[3], accel = ego0[5];
    double steer = ego0[7], yaw_rate = ego0[9], tangent = tan(steer);
    for (int k = 0; k < 11; k++) row[k] = ego0[k];
    for (long i = 0; i < steps; i++) {
      double wanted = speed[i + t->horizon < last ? i + t->horizon : last], command, rate = 0;
      if (wanted <= t->stop_speed && v <= t->stop_speed) {
        command = -t->stop_gain * (v - wanted);
      } else {
        command = accel_gain * (v - wanted);
        double dx = x - pose[3 * i], dy = y - pose[3 * i + 1];
        rate = steer_rate(dy * cosine[i] - dx * sine[i], principal(heading - pose[3 * i + 2]), steer,
                          v, command, curvature, i, last, wheelbase, dt, t);
      }
      accel += accel_lag * (command - accel);
      rate *= steer_lag;
      x += v * cos(heading) * dt;
      y += v * sin(heading) * dt;
      heading = principal(heading + v * tangent / wheelbase * dt);
      v += accel * dt;
      steer = fmin(fmax(steer + rate * dt, -PI / 3), PI / 3);
      tangent = tan(steer);
      double before = yaw_rate;
      yaw_rate = v * tangent / wheelbase;
      row += 11;
      row[0] = x, row[1] = y, row[2] = heading, row[3] = v, row[4] = 0, row[5] = accel, row[6] = 0;
      row[7] = steer, row[8] = rate, row[9] = yaw_rate, row[10] = (yaw_rate - before) / dt;
    }
  }
}
