"""The local stack: a private RabbitMQ and mongod, and the processes that docker-compose.yml names, without Docker."""
