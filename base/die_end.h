/* die_end.h - how the errors of die.h end, for the program and a plugin that it opens. A plugin links base/die.c once more: a copy that knows none
 * of the program's traps, until it is handed the program's way of ending. */
#ifndef BASE_DIE_END_H
#define BASE_DIE_END_H
#ifdef __cplusplus
extern "C" {
#endif
typedef void die_ending(int status, const char *line);
die_ending die_end;                          /* in the innermost trap of this thread, or with the line on stderr and the status; never returns */
/* From here on errors end there, but for those that a trap of this copy catches; quiet: and it warns of nothing */
void die_hand_over(die_ending *to, int quiet);
#ifdef __cplusplus
}
#endif
#endif
