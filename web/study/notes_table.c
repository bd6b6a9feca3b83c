#include "web/study/notes_table.h"

#include <string.h>

#include "web/study/notes.h"

#define JOINT " = "

struct cell {
    const char *at;
    size_t len;
};

static struct cell trimmed(const char *from, const char *end)
{
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct cell){from, (size_t)(end - from)};
}

/* The next "|" that no backslash stands before; the end without one. */
static const char *next_bar(const char *from, const char *end)
{
    for (const char *at = from; at < end; at++)
        if (*at == '|' && (at == from || at[-1] != '\\'))
            return at;
    return end;
}

/* How many cells a row has, 0 when it has no bar at all; the first two are kept. */
static int split_row(const char *text, size_t len, struct cell cells[2])
{
    struct cell row = trimmed(text, text + len);
    const char *at = row.at, *end = row.at + row.len;
    int count = 0;
    if (next_bar(at, end) == end)
        return 0;
    at += at < end && *at == '|';
    do {
        const char *bar = next_bar(at, end);
        if (count < 2)
            cells[count] = trimmed(at, bar);
        count++;
        at = bar + 1;
    } while (at < end);
    return count;
}

static int columns_of(const struct line *line)
{
    struct cell cells[2];
    return line->shape == SHAPE_TEXT && !line->bullet ? split_row(line->text, strlen(line->text), cells) : 0;
}

/* "|---|:-:|": its cells, 0 when it is something else. */
static int dashed_columns(const struct line *line)
{
    struct cell cells[2];
    bool dash = false;
    if (line->shape == SHAPE_CODE)
        return 0;
    for (unsigned i = 0; i < line->size; i++) {
        if (!strchr("|-: \t", line->bytes[i]))
            return 0;
        dash = dash || line->bytes[i] == '-';
    }
    return dash ? split_row(line->bytes, line->size, cells) : 0;
}

/* A cell may hold bars behind backslashes. */
static char *put_cell(char *out, struct cell cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if (cell.at[i] != '\\' || i + 1 == cell.len || cell.at[i + 1] != '|')
            *out++ = cell.at[i];
    return out;
}

/* "| eta | step size |" becomes "eta = step size"; an empty cell leaves the other one alone. */
static void join_cells(struct line *line, struct arena *arena)
{
    struct cell cells[2] = {{"", 0}, {"", 0}};
    int count = split_row(line->text, strlen(line->text), cells);
    bool both = cells[0].len && cells[1].len;
    char *text, *end;
    if (count > 2 || !(cells[0].len + cells[1].len) || cells[0].len + cells[1].len + strlen(JOINT) > NOTES_MAX_LINE ||
        !(text = arena_take(arena, cells[0].len + cells[1].len + sizeof JOINT)))
        return;
    end = put_cell(text, cells[0]);
    if (both) {
        memcpy(end, JOINT, strlen(JOINT));
        end += strlen(JOINT);
    }
    *put_cell(end, cells[1]) = '\0';
    line->text = text;
}

void table_read(struct line *lines, int count, struct arena *arena)
{
    for (int i = 1; i < count; i++) {
        int columns = dashed_columns(&lines[i]);
        if (!columns)
            continue;
        lines[i].shape = SHAPE_RULE;
        if (columns_of(&lines[i - 1]) != columns)
            continue; /* dashes below no header: a rule */
        lines[i - 1].shape = SHAPE_RULE;
        lines[i - 1].columns = (unsigned char)(columns < 255 ? columns : 255);
        for (int row = i + 1; row < count && columns_of(&lines[row]); row++) {
            lines[row].shape = SHAPE_ROW;
            if (columns <= 2)
                join_cells(&lines[row], arena);
        }
    }
}
