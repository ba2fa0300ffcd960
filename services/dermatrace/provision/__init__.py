"""Sets up what dermatrace finds ready at InfluxDB and Grafana; a second run changes nothing."""
