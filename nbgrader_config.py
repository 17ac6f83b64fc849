"""nbgrader's configuration of this course: read by every `nbgrader` command, formgrader and `bareme`."""

from bareme.gradebook.configure import configure

c = get_config()

c.CourseDirectory.course_id = "bert-gpt"

# What students read, "fr" or "en": statements (release again after a change), hints and feedback.
c.Bareme.language = "fr"

# Grading is refused below this level: "full" (bubblewrap and its namespaces, and the inner walls) or "inner" (Landlock,
# seccomp and limits alone, for containers without user namespaces). `bareme doctor` says what this machine has.
c.Bareme.walls = "full"

configure(c)
