"""Compiled versions of Gymnasium's classic control environments: one file and one line each."""

from processing.core.environments.classic.acrobot import Acrobot
from processing.core.environments.classic.cart_pole import CartPole
from processing.core.environments.classic.classic_environment import Classic
from processing.core.environments.classic.mountain_car import MountainCar
from processing.core.environments.classic.mountain_car_continuous import MountainCarContinuous
from processing.core.environments.classic.pendulum import Pendulum

CLASSIC: dict[str, type[Classic]] = {
    one.gymnasium_id: one for one in (CartPole, MountainCar, MountainCarContinuous, Acrobot, Pendulum)
}
