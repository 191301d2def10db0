SELECT i, rule, CASE rule
    WHEN 0 THEN 0.0::DOUBLE
    WHEN 1 THEN (100.0::DOUBLE - math) * 0.5::DOUBLE + (1.0::DOUBLE - m_fractions) * 30.0::DOUBLE + (1.0::DOUBLE - attendance) * 20.0::DOUBLE
    WHEN 2 THEN (1.0::DOUBLE - attendance) * 100.0::DOUBLE + daysSince::DOUBLE * 0.25::DOUBLE
    WHEN 3 THEN (50.0::DOUBLE - reading) * 1.5::DOUBLE + CASE WHEN iep THEN 10.0::DOUBLE ELSE 0.0::DOUBLE END
    WHEN 4 THEN (110.0::DOUBLE - math - reading) * 0.5::DOUBLE + 15.0::DOUBLE
    WHEN 5 THEN math * 0.3::DOUBLE + growth * 0.2::DOUBLE + m_equations * 10.0::DOUBLE
    WHEN 6 THEN risk * 60.0::DOUBLE + (40.0::DOUBLE - growth) * 0.8::DOUBLE
    ELSE risk * 20.0::DOUBLE + (100.0::DOUBLE - (math + reading + science) / 3.0::DOUBLE) * 0.1::DOUBLE
  END AS priority
FROM (
  SELECT *, CASE
    WHEN NOT consent THEN 0
    WHEN grade >= 3 AND grade <= 8 AND m_fractions < 0.4::DOUBLE AND m_ratios < 0.4::DOUBLE AND (recent[3] + recent[4] + recent[5]) / 3.0::DOUBLE < 45.0::DOUBLE THEN 1
    WHEN attendance < 0.9::DOUBLE AND district IN ('D003', 'D017', 'D042', 'D058', 'D101', 'D007', 'D011', 'D023', 'D031', 'D077', 'D088', 'D119')
      AND (daysSince > 21 OR list_min(recent) < 30.0::DOUBLE) THEN 2
    WHEN ell AND reading < 50.0::DOUBLE AND homeLanguage IN ('es', 'zh', 'ar', 'vi')
      AND least(m_add_sub, m_mult_div, m_fractions, m_decimals, m_ratios, m_expressions, m_equations, m_geometry, m_measurement, m_data_prob, m_functions, m_statistics) < 0.25::DOUBLE THEN 3
    WHEN iep AND (math < 55.0::DOUBLE OR reading < 55.0::DOUBLE) AND list_min(recent) < 35.0::DOUBLE THEN 4
    WHEN grade >= 6 AND m_expressions >= 0.7::DOUBLE AND m_equations >= 0.65::DOUBLE AND (recent[3] + recent[4] + recent[5]) / 3.0::DOUBLE >= 70.0::DOUBLE
      AND list_has_any(interests, ['robotics', 'coding', 'math', 'science']) THEN 5
    WHEN growth < 40.0::DOUBLE AND risk > 0.45::DOUBLE AND daysSince > 10 AND priorHours < 20.0::DOUBLE
      AND list_has_any(interests, ['music', 'art', 'sports', 'dance', 'theater']) THEN 6
    ELSE 7
  END::USMALLINT AS rule
  FROM students
  WHERE i >= %d AND i < %d
)
