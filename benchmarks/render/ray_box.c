/* A bound for the renderer: the same ray-box slab tests in a tight loop.
 *
 * Boxes come from stdin in the renderer's order, nearest first. As there, the depth buffer starts
 * with the ground, a pixel nearer than the box's nearest corner is skipped, every other pixel of
 * the box's screen rectangle is one ray-box test. Nothing else is done: no projection, no sorting,
 * no other shapes, no shading. Input: int32 width, height, boxes, repeats; float64 lens[4] (fx, fy,
 * cx, cy), down[4] (third row of map_from_camera); then per box float64[20]: 3x3 box_from_camera
 * (row-major), origin[3], half[3], rectangle u0 u1 v0 v1, nearest depth. Prints tests per repeat,
 * the best seconds per repeat, a checksum.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static inline void slab(double o, double d, double h, double *enter, double *leave) {
    double inverse = 1.0 / d, a = (-h - o) * inverse, b = (h - o) * inverse;
    double low = a < b ? a : b, high = a < b ? b : a;
    *enter = low > *enter ? low : *enter;
    *leave = high < *leave ? high : *leave;
}

static int64_t draw(const double *box, const double *lens, float *depth, int width) {
    const double *m = box, *o = box + 9, *h = box + 12;
    int u0 = box[15], u1 = box[16], v0 = box[17], v1 = box[18];
    double near = box[19];
    int64_t tests = 0;
    for (int v = v0; v < v1; v++) {
        double y = (v + 0.5 - lens[3]) / lens[1];
        for (int u = u0; u < u1; u++) {
            float *at = depth + (int64_t)v * width + u;
            if (*at <= near) continue;
            tests++;
            double x = (u + 0.5 - lens[2]) / lens[0];
            double enter = -INFINITY, leave = INFINITY;
            slab(o[0], m[0] * x + m[1] * y + m[2], h[0], &enter, &leave);
            slab(o[1], m[3] * x + m[4] * y + m[5], h[1], &enter, &leave);
            slab(o[2], m[6] * x + m[7] * y + m[8], h[2], &enter, &leave);
            if (enter <= leave && enter > 0.0 && enter < *at) *at = (float)enter;
        }
    }
    return tests;
}

static void ground(const double *lens, const double *down, float *depth, int width, int height) {
    for (int v = 0; v < height; v++)
        for (int u = 0; u < width; u++) {
            double x = (u + 0.5 - lens[2]) / lens[0], y = (v + 0.5 - lens[3]) / lens[1];
            double fall = down[0] * x + down[1] * y + down[2];
            depth[(int64_t)v * width + u] = fall < -1e-9 ? (float)(-down[3] / fall) : INFINITY;
        }
}

static void need(void *to, size_t size, size_t count) {
    if (fread(to, size, count, stdin) != count) {
        fprintf(stderr, "short input\n");
        exit(2);
    }
}

int main(void) {
    int32_t head[4];
    double lens[4], down[4];
    need(head, sizeof *head, 4);
    need(lens, sizeof *lens, 4);
    need(down, sizeof *down, 4);
    int32_t width = head[0], height = head[1], boxes = head[2], repeats = head[3];
    double *box = malloc(sizeof(double) * 20 * (size_t)(boxes + 1));
    float *depth = malloc(sizeof(float) * (size_t)width * height);
    if (!box || !depth) return 2;
    need(box, 20 * sizeof(double), (size_t)boxes);
    double best = INFINITY, sum = 0.0;
    int64_t tests = 0;
    for (int r = 0; r < repeats; r++) {
        ground(lens, down, depth, width, height);
        double start = now();
        tests = 0;
        for (int b = 0; b < boxes; b++) tests += draw(box + 20 * (size_t)b, lens, depth, width);
        double took = now() - start;
        if (took < best) best = took;
        sum = 0.0;
        for (int64_t k = 0; k < (int64_t)width * height; k++) sum += isinf(depth[k]) ? 0.0 : depth[k];
    }
    printf("%lld %.9f %.6f\n", (long long)tests, best, sum);
    free(box);
    free(depth);
    return 0;
}
