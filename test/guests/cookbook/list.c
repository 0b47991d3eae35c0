// A damaged linked list: canceling a job removes the job after it.
#include "../lib/lib.h"

#define JOBS 4

static struct job {
  int id;
  struct job *next;
} jobs[JOBS] = {{1, &jobs[1]}, {2, &jobs[2]}, {3, &jobs[3]}, {4, NULL}};

static struct job *find(int id) {
  struct job *job = jobs;
  while (job != NULL && job->id != id) {
    job = job->next;
  }
  return job;
}

static void cancel(int id) {
  struct job *job = find(id);
  if (job != NULL && job->next != NULL) {
    job->next = job->next->next;
  }
}

int main(void) {
  cancel(2);
  cancel(4);
  if (find(3) == NULL) {
    print("job 3 was lost\n");
    return 1;
  }
  return 0;
}
