/* device_replay.h - training steps of small networks on a GPU: recorded and run as a whole, kernel by kernel, and by the host as on a CPU. All
 * must end in the same bits. */
#ifndef TESTS_DEVICE_REPLAY_H
#define TESTS_DEVICE_REPLAY_H
#include "nn/device.h"

void replay_same_bits(const device *d);
void replay_stops(const device *d);      /* a step whose loss or norm is not finite changes no weight, and what follows goes on */
void replay_judges(const device *d);     /* norm, clip factor and verdict, as the device finds them */
void replay_trains(const device *d);     /* by the trainer, and resumed */
void replay_hindered(const device *d);   /* nets that a record cannot hold do without, and say so */
#endif
