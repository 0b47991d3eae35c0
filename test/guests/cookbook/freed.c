// Use after free: a sender keeps a pointer to a message that it has released. The next message gets the same memory.
#include "../lib/lib.h"

#define MESSAGES 4

struct message {
  uint32_t length;
  char text[28];
};

static struct message pool[MESSAGES];
static struct message *unused[MESSAGES];
static int unused_count;
static struct message *last_sent;

static struct message *allocate(const char *text) {
  struct message *message = unused[--unused_count];
  message->length = strlen(text);
  memcpy(message->text, text, message->length + 1);
  return message;
}

static void release(struct message *message) { unused[unused_count++] = message; }

static void send(struct message *message) {
  last_sent = message;
  release(message);
}

static void send_again(void) { last_sent->text[0] = '>'; }

int main(void) {
  for (int i = 0; i < MESSAGES; i++) {
    release(&pool[i]);
  }
  send(allocate("ping"));
  struct message *order = allocate("order 66");
  send_again();
  if (strcmp(order->text, "order 66") != 0) {
    print("the order is damaged: %s\n", order->text);
    return 1;
  }
  return 0;
}
