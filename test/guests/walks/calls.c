// Contains calls of every kind: recursion, mutual recursion, calls within arguments and conditions, function pointers,
// one-line functions, and early returns. For stepping tests; what the program computes does not matter.
#include "../lib/lib.h"

typedef uint32_t (*operation)(uint32_t, uint32_t);

static uint32_t add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t mix(uint32_t a, uint32_t b) { return (a << 5) ^ (a >> 3) ^ b; }
static uint32_t larger(uint32_t a, uint32_t b) {
  if (a > b) {
    return a;
  }
  return b;
}

static const operation OPERATIONS[] = {add, mix, larger};

static uint32_t fibonacci(uint32_t n) {
  if (n < 2) {
    return n;
  }
  return fibonacci(n - 1) + fibonacci(n - 2);
}

static bool is_odd(uint32_t n);
static bool is_even(uint32_t n) { return n == 0 || is_odd(n - 1); }
static bool is_odd(uint32_t n) { return n != 0 && is_even(n - 1); }

static uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

static int find(const uint32_t *values, int count, uint32_t wanted) {
  for (int i = 0; i < count; i++) {
    if (values[i] == wanted) {
      return i;
    }
  }
  return -1;
}

struct node {
  uint32_t key;
  struct node *less, *more;
};
static struct node nodes[32];

static struct node *insert(struct node *tree, struct node *node) {
  if (tree == NULL) {
    return node;
  }
  if (node->key < tree->key) {
    tree->less = insert(tree->less, node);
  } else {
    tree->more = insert(tree->more, node);
  }
  return tree;
}

static uint32_t sum_of(const struct node *tree) {
  return tree == NULL ? 0 : add(add(sum_of(tree->less), tree->key), sum_of(tree->more));
}

static uint32_t round_of(uint32_t seed) {
  uint32_t values[8];
  for (int i = 0; i < 8; i++) {
    values[i] = OPERATIONS[i % 3](seed + i, mix(i, seed));
  }
  uint32_t result = add(mix(values[0], values[1]), larger(mix(values[2], add(values[3], 1)), values[4]));
  if (find(values, 8, larger(values[5], values[6])) >= 0 && is_even(seed % 9)) {
    result += fibonacci(seed % 7);
  }
  struct node *tree = NULL;
  for (int i = 0; i < 32; i++) {
    nodes[i] = (struct node){.key = result = mix(result, i)};
    tree = insert(tree, &nodes[i]);
  }
  result ^= sum_of(tree);
  result = add(result, ackermann(1 + seed % 2, seed % 5)), result = mix(result, seed);
  return result;
}

int main(void) {
  uint32_t result = 0;
  for (uint32_t round = 0; round < 25; round++) {
    result = add(result, round_of(round));
  }
  print("calls: %x\n", result);
  return 0;
}
