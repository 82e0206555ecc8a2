/* stop.h - a long job that is asked to end: SIGINT, SIGTERM and SIGUSR1 are noted, and the job saves its state where it is whole and ends with
 * status 75. A second signal ends the program at once with 128 + its number: what is on disk then is what was saved before. */
#ifndef VERBS_STOP_H
#define VERBS_STOP_H
void stop_catch(void);           /* from here on, and none has come yet */
int  stop_asked(void);
#endif
