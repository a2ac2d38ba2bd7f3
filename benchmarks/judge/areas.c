/* What of the ego lies in which polygon, step by step: fill_where of
 * drivewm/measures/proposals_areas.py in plain C, on the same arrays. */
#include <stdint.h>

typedef struct {
  const double *bounds; /* [P, 4] */
  const uint8_t *kind, *turned;
  const int64_t *slab_first;
  const double *slabs_per_m;
  const int64_t *edge_first;
  const double *edges; /* [E, 4] */
  long polygons;
} Areas;

static inline int64_t slab_of(double value, double low, double per_m, int64_t slabs) {
  int64_t s = (int64_t)((value - low) * per_m);
  if (s < 0) s = 0;
  return s > slabs - 1 ? slabs - 1 : s;
}

static inline int odd(const double *edges, int64_t begin, int64_t end, double x, double y) {
  int result = 0;
  for (int64_t i = begin; i < end; i++) {
    double ax = edges[4 * i], ay = edges[4 * i + 1], bx = edges[4 * i + 2], by = edges[4 * i + 3];
    int left = ((x - ax) * (by - ay) < (bx - ax) * (y - ay)) == (by > ay);
    result ^= ((ay > y) != (by > y)) & left;
  }
  return result;
}

static void extent(const double *corner, double *box) { /* 4 corners -> low x, high x, low y, high y */
  box[0] = box[1] = corner[0], box[2] = box[3] = corner[1];
  for (int k = 1; k < 4; k++) {
    double x = corner[2 * k], y = corner[2 * k + 1];
    if (x < box[0]) box[0] = x;
    if (x > box[1]) box[1] = x;
    if (y < box[2]) box[2] = y;
    if (y > box[3]) box[3] = y;
  }
}

void fill_where(long steps, const double *corners /* [T, 5, 2] */, const Areas *g, int64_t *near,
                uint8_t *where) {
  double all[4] = {1e300, -1e300, 1e300, -1e300}, box[4];
  for (long t = 0; t < steps; t++) {
    extent(corners + 10 * t, box);
    for (int k = 0; k < 4; k += 2) {
      if (box[k] < all[k]) all[k] = box[k];
      if (box[k + 1] > all[k + 1]) all[k + 1] = box[k + 1];
    }
  }
  long count = 0;
  for (long p = 0; p < g->polygons; p++) {
    const double *b = g->bounds + 4 * p;
    if (all[0] <= b[2] && all[1] >= b[0] && all[2] <= b[3] && all[3] >= b[1]) near[count++] = p;
  }
  for (long t = 0; t < steps; t++) {
    const double *corner = corners + 10 * t;
    int touched = 0, whole = 0, covered = 0, on_route = 0, crossing = 0;
    extent(corner, box);
    for (long i = 0; i < count; i++) {
      int64_t p = near[i];
      const double *b = g->bounds + 4 * p;
      if (box[1] < b[0] || box[3] < b[1] || box[0] > b[2] || box[2] > b[3]) continue;
      int kind = g->kind[p], mask = 0;
      int wants_corners = (kind & 1 && !whole) || (kind & 2 && covered != 15);
      int wants_centre = (kind & 4 && !on_route) || (kind & 8 && !crossing);
      int64_t first = g->slab_first[p], slabs = g->slab_first[p + 1] - first;
      double origin = g->turned[p] ? b[0] : b[1];
      for (int k = wants_corners ? 0 : 4; k < (wants_centre ? 5 : 4); k++) {
        double x = corner[2 * k], y = corner[2 * k + 1];
        if (x < b[0] || y < b[1] || x > b[2] || y > b[3]) continue;
        if (g->turned[p]) {
          double swap = x;
          x = y, y = swap;
        }
        int64_t s = first + slab_of(y, origin, g->slabs_per_m[p], slabs);
        if (odd(g->edges, g->edge_first[s], g->edge_first[s + 1], x, y)) mask |= 1 << k;
      }
      if (kind & 1 && mask & 15) touched++, whole = whole || (mask & 15) == 15;
      if (kind & 2) covered |= mask & 15;
      if (mask & 16) on_route |= (kind & 4) != 0, crossing |= (kind & 8) != 0;
    }
    where[t] = (uint8_t)((touched > 1 && !whole ? 1 : 0) | (covered != 15 ? 2 : 0) |
                         (on_route ? 0 : 4) | (crossing ? 8 : 0));
  }
}
