-- What config/samples/oulad decides, calculated from the CSV files alone. Parameters: :at, the day of evaluation. The table
-- ticket(district, student, ticket) holds each student's lottery ticket.
WITH
term AS (
  SELECT c.district, c.sourcedId AS class, s.startDate, s.endDate
  FROM classes c JOIN academicSessions s ON s.district = c.district AND s.sourcedId = c.termSourcedIds
),
modules AS ( -- enrolments that have begun and not ended
  SELECT e.district, e.userSourcedId AS student, COUNT(*) AS modules
  FROM enrollments e JOIN term t ON t.district = e.district AND t.class = e.classSourcedId
  WHERE e.role = 'student' AND e.status = 'active'
    AND COALESCE(NULLIF(e.beginDate, ''), t.startDate) <= :at
    AND COALESCE(NULLIF(e.endDate, ''), t.endDate) > :at
  GROUP BY 1, 2
),
score AS ( -- scores of tutor-marked assignments; place 1 is the newest
  SELECT r.district, r.studentSourcedId AS student, CAST(r.score AS REAL) AS score,
    ROW_NUMBER() OVER (PARTITION BY r.district, r.studentSourcedId ORDER BY r.scoreDate DESC, r.sourcedId DESC) AS place
  FROM results r JOIN lineItems l ON l.district = r.district AND l.sourcedId = r.lineItemSourcedId
  WHERE r.status = 'active' AND r.score <> '' AND r.scoreDate <= :at AND l.categorySourcedId = 'cat-TMA'
),
known AS (
  SELECT u.district, u.orgSourcedIds AS school, u.sourcedId AS student,
    COALESCE(m.modules, 0) AS modules,
    (SELECT COUNT(*) FROM score s WHERE s.district = u.district AND s.student = u.sourcedId) AS assignments,
    (SELECT SUM(score) / COUNT(*) FROM score s WHERE s.district = u.district AND s.student = u.sourcedId AND place <= 3) AS recent,
    (SELECT score FROM score s WHERE s.district = u.district AND s.student = u.sourcedId AND place <= 5 ORDER BY place DESC LIMIT 1)
      - (SELECT score FROM score s WHERE s.district = u.district AND s.student = u.sourcedId AND place = 1) AS fall
  FROM users u LEFT JOIN modules m ON m.district = u.district AND m.student = u.sourcedId
  WHERE u.role = 'student' AND u.status = 'active'
),
ruled AS (
  SELECT *, CASE
    WHEN modules = 0 THEN 'not-enrolled'
    WHEN recent IS NULL THEN NULL
    WHEN recent < 50 THEN 'far-behind'
    WHEN assignments >= 2 AND fall > 15 THEN 'falling'
    ELSE 'otherwise' END AS rule
  FROM known
),
decided AS (
  SELECT *,
    CASE rule WHEN 'far-behind' THEN 100 - recent WHEN 'falling' THEN fall END AS priority,
    CASE rule WHEN 'far-behind' THEN 'tutoring-2to1' WHEN 'falling' THEN 'tutoring-small-group' ELSE 'none' END AS support,
    CASE rule WHEN 'far-behind' THEN 120 WHEN 'falling' THEN 60 ELSE 0 END AS minutes,
    CASE district WHEN 'london-region' THEN 40 WHEN 'yorkshire-region' THEN 0 ELSE 25 END AS seats
  FROM ruled
),
ranked AS (
  SELECT d.district, d.student,
    ROW_NUMBER() OVER (PARTITION BY d.district ORDER BY rule = 'far-behind' DESC, priority DESC, ticket ASC) AS rank
  FROM decided d JOIN ticket t ON t.district = d.district AND t.student = d.student
  WHERE support <> 'none'
)
SELECT d.district, d.school, d.student, COALESCE(rule, '') AS rule,
  CASE
    WHEN rule IS NULL THEN 'Undetermined'
    WHEN rank IS NULL THEN 'Confirmed'
    WHEN rank <= seats THEN 'Offered' -- the student must accept
    WHEN rank <= seats + 30 THEN 'Waitlisted'
    ELSE 'NotPlaced' END AS state,
  CASE rule WHEN 'not-enrolled' THEN 'NOT_ENROLLED' WHEN 'far-behind' THEN 'FAR_BEHIND' WHEN 'falling' THEN 'FALLING'
    WHEN 'otherwise' THEN 'NOT_NEEDED' ELSE 'MISSING_INFORMATION' END AS reason,
  priority, rank,
  IIF(rule IS NULL, NULL, support) AS support, IIF(rule IS NULL, NULL, minutes) AS minutesPerWeek
FROM decided d LEFT JOIN ranked r ON r.district = d.district AND r.student = d.student
